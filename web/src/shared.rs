//! Data that the state and the components share.

use std::ops::Deref;
use std::rc::Rc;

/// A reference-counted value that equals another only if both are the same allocation. So comparing props is cheap, whatever
/// the size of the data: what has not been changed has not been moved either.
#[derive(Debug, Default)]
pub struct Shared<T>(Rc<T>);

impl<T> Shared<T> {
    /// Shares a value.
    pub fn new(value: T) -> Self {
        Self(Rc::new(value))
    }
}

impl<T: Clone> Shared<T> {
    /// Returns the value to be changed. Other holders keep the value as it was, and are not equal to this one any more.
    pub fn make_mut(&mut self) -> &mut T {
        Rc::make_mut(&mut self.0)
    }

    /// Changes the value. If it is the same afterwards, so is the allocation.
    pub fn change(&mut self, change: impl FnOnce(&mut T))
    where
        T: PartialEq,
    {
        let mut changed = T::clone(self);
        change(&mut changed);
        if changed != **self {
            *self = Self::new(changed);
        }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Eq for Shared<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_value_equals_itself_until_it_is_changed() {
        let before = Shared::new(vec![1]);
        let mut after = before.clone();
        assert_eq!(after, before);
        after.make_mut().push(2);
        assert_ne!(after, before);
        assert_eq!((&**before, &**after), (&[1][..], &[1, 2][..]));
        assert_ne!(Shared::new(1), Shared::new(1));
        let before = after.clone();
        after.change(|values| values.push(3));
        assert_ne!(after, before);
        let before = after.clone();
        after.change(|values| values.retain(|value| *value > 0));
        assert_eq!(after, before, "nothing has changed");
    }
}
