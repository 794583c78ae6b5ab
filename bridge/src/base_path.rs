//! The path under which a reverse proxy shows a bridge.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use http::uri::PathAndQuery;
use thiserror::Error;

/// The beginning of the paths of all requests, such as `/bridge`. By default it is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BasePath(String);

/// A string is not a base path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected a path such as /bridge, of letters, digits, '-', '_', '.', '~' and '/'")]
pub struct BasePathError;

impl FromStr for BasePath {
    type Err = BasePathError;

    fn from_str(text: &str) -> Result<Self, BasePathError> {
        let path = text.strip_suffix('/').unwrap_or(text);
        let Some(inner) = path.strip_prefix('/') else {
            return if path.is_empty() { Ok(Self::default()) } else { Err(BasePathError) };
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
        let is_path = inner.split('/').all(|part| !part.is_empty() && part.chars().all(plain));
        if is_path { Ok(Self(path.to_owned())) } else { Err(BasePathError) }
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl BasePath {
    /// Returns the address of the page, relative to `uri`, if `uri` is the base path without a `/` at its end. There the page's
    /// own relative addresses would lead out of the base path.
    pub(crate) fn page(&self, uri: &Uri) -> Option<String> {
        if self.0.is_empty() || uri.path() != self.0 {
            return None;
        }
        let (_, last) = self.0.rsplit_once('/')?;
        let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
        Some(format!("./{last}/{query}"))
    }

    /// Removes the base path from the address of a request. Returns `None` if the address does not begin with it.
    pub(crate) fn strip(&self, uri: &Uri) -> Option<Uri> {
        if self.0.is_empty() {
            return Some(uri.clone());
        }
        let rest = uri.path_and_query()?.as_str().strip_prefix(&self.0)?;
        let rest: PathAndQuery = match rest.chars().next() {
            Some('/') => rest.parse().ok()?,
            None | Some('?') => format!("/{rest}").parse().ok()?,
            Some(_) => return None,
        };
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(rest);
        Uri::from_parts(parts).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_is_removed_from_the_paths_that_begin_with_it() {
        let base: BasePath = "/a/b/".parse().unwrap();
        let cases = [
            ("/a/b/ws?x=1", Some("/ws?x=1")),
            ("/a/b/", Some("/")),
            ("/a/b", Some("/")),
            ("/a/b?x", Some("/?x")),
            ("/a/bc", None),
            ("/a", None),
            ("/ws", None),
        ];
        for (path, expected) in cases {
            let stripped = base.strip(&path.parse().unwrap()).map(|uri| uri.to_string());
            assert_eq!(stripped.as_deref(), expected, "{path}");
        }
        assert_eq!(BasePath::default().strip(&"/ws".parse().unwrap()), Some("/ws".parse().unwrap()));
    }

    #[test]
    fn the_page_lies_in_the_folder_of_the_base_path() {
        let base: BasePath = "/a/b".parse().unwrap();
        let cases = [("/a/b", Some("./b/")), ("/a/b?x=1", Some("./b/?x=1")), ("/a/b/", None), ("/a", None)];
        for (path, expected) in cases {
            assert_eq!(base.page(&path.parse().unwrap()).as_deref(), expected, "{path}");
        }
        assert_eq!(BasePath::default().page(&"/".parse().unwrap()), None);
    }

    #[test]
    fn a_base_path_needs_no_escapes() {
        for text in ["", "/", "/a", "/a/", "/a/b-c.d"] {
            assert!(text.parse::<BasePath>().is_ok(), "{text:?}");
        }
        for text in ["a", "/a b", "//", "/a//b", "/a?b", "/ä"] {
            assert_eq!(text.parse::<BasePath>(), Err(BasePathError), "{text:?}");
        }
    }
}
