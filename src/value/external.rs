//! Memory of the caller's as a value's payload.

use crate::process::Birth;
use std::ffi::c_void;

/// Memory of the caller's, given to a value: its destructor runs exactly once, when this is dropped.
pub struct External {
    pub(super) data: *const c_void,
    pub(super) len: usize,
    pub(super) charge: u64,
    pub(super) device: bool,
    destroy: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    user_data: *mut c_void,
    /// The process that has to destroy it: a child has a copy of this, and its parent still destroys the memory.
    birth: Birth,
}

// SAFETY: `External::new`'s contract: the memory is immutable, and data and destructor may be used on any thread.
unsafe impl Send for External {}
// SAFETY: as above.
unsafe impl Sync for External {}

impl External {
    /// # Safety
    /// Until `destroy(user_data)` runs, which may be on any thread, nothing writes to the `len` bytes at `data`, and
    /// unless `device` is set they are readable.
    pub unsafe fn new(
        data: *const c_void, len: usize, charge: u64, device: bool, destroy: Option<unsafe extern "C" fn(*mut c_void)>,
        user_data: *mut c_void,
    ) -> Self {
        Self { data, len, charge, device, destroy, user_data, birth: Birth::known() }
    }

    /// Whether the pointer and the length can be those of memory.
    pub(crate) fn is_valid(&self) -> bool {
        (!self.data.is_null() || self.len == 0) && isize::try_from(self.len).is_ok()
    }
}

impl Drop for External {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy.filter(|_| self.birth.is_here()) {
            // SAFETY: `External::new`'s contract; dropped once, so called once.
            unsafe { destroy(self.user_data) }
        }
    }
}
