use super::block::layout;
use super::*;
use crate::digest::{self, Dtype};
use std::sync::atomic::AtomicU32;

const F32: Dtype = Dtype { code: 2, bits: 32, lanes: 1 };

fn make(draft: Draft<'_>, budget: &Arc<Budget>) -> Value {
    let charge = draft.charge().unwrap();
    Value::make(draft, budget.reserve(charge, Purpose::Result).unwrap()).unwrap()
}

#[test]
fn a_value_is_aligned_charged_and_freed_with_its_last_lease() {
    let budget = Budget::new(1 << 20);
    for len in [0, 1, 63, 64, 65, 4096] {
        let bytes = vec![7u8; len];
        let draft = Draft { compute_ns: 5, ..Draft::copy_of(&bytes) };
        let content = if len >= 4096 { 64 } else { 0 };
        let charge = (112 + len as u64).div_ceil(16) * 16 + content;
        assert_eq!(draft.charge(), Some(charge));
        let value = make(draft, &budget);
        assert_eq!(value.bytes().as_ptr() as usize % 64, 0);
        assert_eq!((value.bytes(), value.size(), value.compute_ns(), value.charged()), (&bytes[..], len, 5, charge));
        assert!(!value.is_leased());
        let lease = value.clone();
        assert!(value.is_leased());
        drop(value);
        assert_eq!((lease.bytes(), budget.used()), (&bytes[..], charge));
        drop(lease);
        assert_eq!(budget.used(), 0);
    }
}

unsafe extern "C" fn count(user_data: *mut c_void) {
    // SAFETY: the tests pass a counter that outlives the value.
    unsafe { &*user_data.cast::<AtomicU32>() }.fetch_add(1, Ordering::Relaxed);
}

fn external(data: &[u8], destroyed: &AtomicU32, device: bool) -> Draft<'static> {
    let (data, user_data) = (data.as_ptr().cast(), ptr::from_ref(destroyed).cast_mut().cast());
    // SAFETY: `data` and the counter outlive the value in each test.
    let external = unsafe { External::new(data, 8, 1000, device, Some(count), user_data) };
    Draft { payload: Payload::External(external.into()), ..Draft::copy_of(b"") }
}

/// A value in device memory, as far as a test without a device can have one, and without a destructor.
pub(crate) fn device() -> Draft<'static> {
    static MEMORY: [u8; 8] = [0; 8];
    // SAFETY: static memory that nobody writes to.
    let external = unsafe { External::new(MEMORY.as_ptr().cast(), 8, 0, true, None, ptr::null_mut()) };
    Draft::new(Payload::External(external.into()))
}

/// A value whose destructor is this.
pub(crate) fn ending_with(end: impl FnOnce() + 'static) -> Draft<'static> {
    type End = Box<dyn FnOnce()>;
    unsafe extern "C" fn run(end: *mut c_void) {
        // SAFETY: the box below, once.
        let end = unsafe { Box::from_raw(end.cast::<End>()) };
        end();
    }
    static MEMORY: [u8; 8] = *b"external";
    let end = Box::into_raw(Box::<End>::new(Box::new(end))).cast();
    // SAFETY: static memory that nobody writes to; a test's closure may run on the thread that it expects.
    let external = unsafe { External::new(MEMORY.as_ptr().cast(), 8, 0, false, Some(run), end) };
    Draft::new(Payload::External(external.into()))
}

#[test]
fn external_memory_is_not_copied_and_destroyed_once() {
    let budget = Budget::new(1 << 20);
    let (data, destroyed) = (*b"external", AtomicU32::new(0));
    let value = make(external(&data, &destroyed, false), &budget);
    assert!(ptr::eq(value.bytes().as_ptr(), data.as_ptr()) && value.size() == 8 && value.device_pointer().is_none());
    assert!(value.charged() > 1000);
    assert_eq!(value.content().unwrap(), digest::chunk(b"external"));
    let lease = value.clone();
    drop(value);
    assert_eq!(destroyed.load(Ordering::Relaxed), 0);
    drop(lease);
    assert_eq!((destroyed.load(Ordering::Relaxed), budget.used()), (1, 0));
    drop(external(&data, &destroyed, false)); // never published
    assert_eq!(destroyed.load(Ordering::Relaxed), 2);
}

#[test]
fn device_memory_is_never_read() {
    let budget = Budget::new(1 << 20);
    let (data, destroyed) = (*b"no touch", AtomicU32::new(0));
    let value = make(external(&data, &destroyed, true), &budget);
    assert!(value.bytes().is_empty() && value.size() == 8);
    assert_eq!(value.device_pointer(), Some(data.as_ptr().cast()));
    assert_eq!(value.content().unwrap_err().kind(), ErrorKind::NotSupported);
}

#[test]
fn a_description_is_checked_kept_and_charged() {
    let budget = Budget::new(1 << 20);
    let payload = [1u8; 36];
    let tensors = [
        TensorSpec { dtype: F32, dims: &[2, 3], offset: 0, length: 24 },
        TensorSpec { dtype: F32, dims: &[], offset: 24, length: 4 },
        TensorSpec { dtype: F32, dims: &[1, 2], offset: 28, length: 8 },
    ];
    let description = Plan::new(&tensors, b"blob", payload.len()).unwrap();
    let draft = Draft { description, ..Draft::copy_of(&payload) };
    assert!(draft.charge() > Draft::copy_of(&payload).charge());
    let value = make(draft, &budget);
    assert_eq!((value.tensors(), value.blob()), (3, &b"blob"[..]));
    for (n, expected) in tensors.iter().enumerate() {
        let tensor = value.tensor(n).unwrap();
        assert_eq!((tensor.dims, tensor.offset, tensor.length), (expected.dims, expected.offset, expected.length));
    }
    assert!(value.tensor(3).is_none());
    let plain = make(Draft::copy_of(&payload), &budget);
    assert_ne!(value.content().unwrap(), plain.content().unwrap());
    drop((value, plain));
    assert_eq!(budget.used(), 0, "descriptions and content digests are given back, too");

    let wrong = |tensor| Plan::new(&[tensor], b"", 36).unwrap_err().message().to_owned();
    assert!(wrong(TensorSpec { length: 20, ..tensors[0] }).contains("24 bytes"));
    assert!(wrong(TensorSpec { offset: 13, ..tensors[0] }).contains("offset 13"));
    assert!(wrong(TensorSpec { offset: usize::MAX, ..tensors[0] }).contains("offset"));
    assert!(Plan::new(&[], &[0; 70_000], 0).is_err());
    assert!(Plan::new(&[], b"", 0).unwrap().is_none());
}

#[test]
fn a_content_digest_is_made_once_and_only_kept_where_there_is_room() {
    let value_charge = Draft::copy_of(b"abc").charge().unwrap();
    for room in [0, 1000] {
        let budget = Budget::new(value_charge + room);
        let value = make(Draft::copy_of(b"abc"), &budget);
        for _ in 0..2 {
            assert_eq!(value.content().unwrap(), digest::chunk(b"abc"));
        }
        assert_eq!(budget.used() > value_charge, room > 0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| value.content().unwrap());
            }
        });
        drop(value);
        assert_eq!(budget.used(), 0);
    }
}

#[test]
fn a_detached_value_leaves_the_budget() {
    let budget = Budget::new(1000);
    let value = make(Draft::copy_of(b"abc"), &budget);
    let charge = value.charged();
    let value = value.detach(&budget).unwrap();
    assert_eq!((budget.used(), budget.detached(), value.bytes()), (0, charge, &b"abc"[..]));
    drop(value);
    assert_eq!(budget.detached(), 0);
}

#[test]
fn a_length_beyond_the_address_space_has_no_charge() {
    for len in [usize::MAX, usize::MAX - 64, isize::MAX as usize] {
        assert_eq!(layout(len), None);
    }
}
