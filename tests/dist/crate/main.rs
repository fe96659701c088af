//! Sends a greeting to the server of the first argument, and prints the answer. The second argument is a file with trusted
//! certificates.

use std::ffi::{CString, c_void};
use std::ptr;

use ::egret_ws::*;

unsafe extern "C" fn on_connect(_: *mut c_void, ws: *mut egret_ws) {
    let text = b"Hello Egret WebSocket";
    unsafe { egret_ws_send(ws, EGRET_WS_TEXT, text.as_ptr().cast(), text.len()) };
}

unsafe extern "C" fn on_message(_: *mut c_void, ws: *mut egret_ws, _: i32, data: *const u8, len: usize) {
    let data = unsafe { std::slice::from_raw_parts(data, len) };
    println!("received: {}", String::from_utf8_lossy(data));
    unsafe { egret_ws_close(ws, 1000, ptr::null(), 0) };
}

unsafe extern "C" fn on_close(clean: *mut c_void, _: *mut egret_ws, info: *const egret_ws_close_info) {
    unsafe { *clean.cast::<bool>() = (*info).error == EGRET_WS_OK };
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let url = CString::new(arguments[0].as_str()).unwrap();
    let roots = arguments.get(1).map(|file| std::fs::read(file).unwrap());
    let mut clean = false;
    unsafe {
        let mut options: egret_ws_options = std::mem::zeroed();
        egret_ws_options_init(&mut options, size_of::<egret_ws_options>());
        options.user = (&raw mut clean).cast();
        options.on_connect = Some(on_connect);
        options.on_message = Some(on_message);
        options.on_close = Some(on_close);
        if let Some(roots) = &roots {
            options.tls_roots = roots.as_ptr().cast();
            options.tls_roots_len = roots.len();
        }
        let (mut event_loop, mut ws) = (ptr::null_mut(), ptr::null_mut());
        assert_eq!(egret_ws_loop_new(ptr::null(), &mut event_loop), EGRET_WS_OK);
        assert_eq!(egret_ws_connect(event_loop, url.as_ptr(), &options, &mut ws), EGRET_WS_OK);
        while egret_ws_state(ws) != EGRET_WS_STATE_CLOSED {
            egret_ws_loop_poll(event_loop, -1);
        }
        egret_ws_loop_free(event_loop, ptr::null_mut());
    }
    assert!(clean, "the connection has not ended cleanly");
}
