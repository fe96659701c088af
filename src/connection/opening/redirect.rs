//! Where a redirect leads, and what may go there.

use super::super::Plan;
use crate::transport::tls;
use std::sync::Arc;

/// RFC 9110 section 15.4: those that say where else the same can be had.
pub(super) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// Makes the next hop's plan of this one's. `followed` hops were redirects before. The error says why it is not followed.
pub(super) fn follow(plan: &mut Plan, location: Option<&str>, followed: u32) -> Result<(), String> {
    let location = location.ok_or("the answer has no Location")?;
    if followed == plan.max_redirects {
        return Err(format!("{followed} were followed already, which is max_redirects"));
    }
    let target = plan.target.redirected(location).map_err(|(_, why)| why)?;
    if plan.target.is_secure() && !target.is_secure() {
        return Err("it leads from wss to ws, where anyone could listen".to_owned());
    }
    if !plan.target.is_same_origin(&target) {
        // What may be a secret was meant for the server that was asked.
        plan.extras.headers.clear();
        plan.extras.credentials = None;
        plan.server_name = None;
        if plan.tls.identity.is_some() {
            plan.tls = Arc::new(tls::Settings { identity: None, ..(*plan.tls).clone() });
        }
    }
    plan.target = target;
    Ok(())
}
