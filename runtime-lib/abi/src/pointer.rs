//! How records refer to each other: by pointers that are relative to their own address.
//!
//! So a position-independent executable needs no relocation at start, and the records can be
//! read-only.

use core::fmt;
use core::marker::PhantomData;

/// A pointer relative to its own address; 0 is null.
#[repr(transparent)]
pub struct RelPtr<T> {
    distance: i32,
    /// What is pointed to is no part of the pointer, and may be shared between threads.
    pointee: PhantomData<fn() -> T>,
}

impl<T> RelPtr<T> {
    /// The null pointer.
    pub const NULL: RelPtr<T> = RelPtr {
        distance: 0,
        pointee: PhantomData,
    };

    /// Whether this is the null pointer.
    pub const fn is_null(&self) -> bool {
        self.distance == 0
    }

    /// The address pointed to. `self` must be the original in the image, not a copy.
    pub fn get(&self) -> *const T {
        if self.distance == 0 {
            return core::ptr::null();
        }
        // What is pointed to is no part of `self`, and may be written where `self` may not: the
        // pointer must not be derived from this one.
        let address = (&raw const *self).expose_provenance();
        core::ptr::with_exposed_provenance(address.wrapping_add_signed(self.distance as isize))
    }

    /// Lets the pointer mean `bytes` beyond what it means.
    pub fn advance(&mut self, bytes: i32) {
        self.distance = self.distance.wrapping_add(bytes);
    }
}

impl RelPtr<Any> {
    /// The same pointer as one to what the record says that it means.
    pub fn to<T>(&self) -> &RelPtr<T> {
        // SAFETY: pointers to all types are the same number at the same place.
        unsafe { &*(&raw const *self).cast::<RelPtr<T>>() }
    }
}

impl<F: Copy> RelPtr<Function<F>> {
    /// The function pointed to. `self` must be the original in the image, not a copy.
    ///
    /// # Safety
    /// `F` must be a type of function pointers, and the pointer must not be null.
    pub unsafe fn function(&self) -> F {
        const { assert!(size_of::<F>() == size_of::<*const u8>()) };
        // SAFETY: as the caller vouches.
        unsafe { core::mem::transmute_copy::<*const Function<F>, F>(&self.get()) }
    }
}

impl<T> Clone for RelPtr<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for RelPtr<T> {}

impl<T> Default for RelPtr<T> {
    fn default() -> Self {
        RelPtr::NULL
    }
}

impl<T> fmt::Debug for RelPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RelPtr({})", self.distance)
    }
}

/// An array in the image.
#[repr(C)]
pub struct RelSlice<T> {
    /// First element.
    pub ptr: RelPtr<T>,
    /// Number of elements.
    pub len: u32,
}

impl<T: 'static> RelSlice<T> {
    /// The elements.
    ///
    /// # Safety
    /// `self` must be the original in the image, and the array must hold `len` initialised
    /// elements that nothing writes while the slice lives.
    pub unsafe fn get(&self) -> &'static [T] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: the caller vouches for the array's length and constancy.
        unsafe { core::slice::from_raw_parts(self.ptr.get(), self.len as usize) }
    }
}

impl<T> Clone for RelSlice<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for RelSlice<T> {}

impl<T> Default for RelSlice<T> {
    fn default() -> Self {
        RelSlice {
            ptr: RelPtr::NULL,
            len: 0,
        }
    }
}

impl<T> fmt::Debug for RelSlice<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RelSlice({:?}, {})", self.ptr, self.len)
    }
}

/// What a pointer means whose target has one of several types; the record says which.
#[derive(Debug)]
pub struct Any(());

/// The first instruction of a function with the guest's calling convention.
#[derive(Debug)]
pub struct Code(());

/// The first instruction of a function that function pointers of type `F` refer to.
#[derive(Debug)]
pub struct Function<F>(PhantomData<F>);

/// A trampoline: calls `code`, a function of the guest's calling convention, with arguments read
/// from `values` (16 bytes each) and writes the results to `values` (16 bytes each; upper bytes of
/// narrower results are zero). One exists for each signature that the host calls.
pub type Trampoline = unsafe extern "C" fn(code: *const Code, values: *mut [u64; 2]);
