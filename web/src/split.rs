//! Functions in a part of the program that a browser loads later.

/// Defines an asynchronous function whose body is in a part of the program of that name. The first call loads the part, and returns
/// an error if that fails. With `preload(NAME)`, the function of that name only loads the part.
///
/// The feature `split` marks the function for `cargo xtask dist`, which splits the parts off. Without it, as under `trunk serve`, the
/// program is one piece.
macro_rules! split_point {
    (
        $part:ident, preload($preload:ident),
        $visibility:vis async fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $result:ty { $($body:tt)* }
    ) => {
        #[cfg(feature = "split")]
        #[wasm_split_helpers::wasm_split($part, fallible, preload($preload))]
        $visibility fn $name($($argument: $type),*) -> $result { $($body)* }

        #[cfg(not(feature = "split"))]
        $visibility async fn $name($($argument: $type),*) -> $result { $($body)* }

        #[cfg(not(feature = "split"))]
        async fn $preload() -> Result<(), wasm_split_helpers::SplitLoaderError> {
            Ok(())
        }
    };
    (
        $part:ident,
        $visibility:vis async fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $result:ty { $($body:tt)* }
    ) => {
        #[cfg(feature = "split")]
        #[wasm_split_helpers::wasm_split($part, fallible)]
        $visibility fn $name($($argument: $type),*) -> $result { $($body)* }

        #[cfg(not(feature = "split"))]
        $visibility async fn $name($($argument: $type),*) -> $result { $($body)* }
    };
}

pub(crate) use split_point;
