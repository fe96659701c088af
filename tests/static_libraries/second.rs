//! Another static library of Rust, which panics and catches that.

#[cfg_attr(third, unsafe(export_name = "third_catches"))]
#[cfg_attr(not(third), unsafe(export_name = "second_catches"))]
pub extern "C" fn catches() -> i32 {
    std::panic::set_hook(Box::new(|_| {}));
    let caught = std::panic::catch_unwind(|| {
        assert!(std::env::args_os().count() == 0, "on purpose");
    });
    caught.is_err_and(|payload| payload.downcast_ref::<&str>() == Some(&"on purpose")).into()
}
