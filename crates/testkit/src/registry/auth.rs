//! Logins: Basic, and Bearer with a token service under `/token`.

use std::net::SocketAddr;

use super::http::{Request, Response};
use super::state::State;

/// What a registry wants before it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// Nothing.
    Open,
    /// This user and password with each request.
    Basic(&'static str, &'static str),
    /// A token, given to this user and password, or for this identity token.
    Token {
        /// User.
        user: &'static str,
        /// Password.
        password: &'static str,
        /// Refresh token accepted by POST.
        identity: &'static str,
        /// Whether anybody may pull.
        anonymous_pull: bool,
    },
}

/// `None` when the request may pass.
pub(super) fn guard(request: &Request, state: &State, addr: SocketAddr) -> Option<Response> {
    let sent = request.header("authorization").unwrap_or_default();
    match &state.auth {
        Auth::Open => None,
        Auth::Basic(user, password) if sent == basic(user, password) => None,
        Auth::Basic(..) => Some(unauthorized("Basic realm=\"test\"".to_string())),
        Auth::Token { .. } => {
            let needed = scope_of(request);
            let token = sent.strip_prefix("Bearer ").unwrap_or_default();
            let granted = state.tokens.get(token);
            if granted.is_some_and(|scopes| needed.as_ref().is_none_or(|needed| covers(scopes, needed))) {
                return None;
            }
            let realm = state.realm.clone().unwrap_or_else(|| format!("http://{addr}/token"));
            let scope = needed.map_or(String::new(), |(repository, action)| {
                format!(",scope=\"repository:{repository}:{action}\"")
            });
            Some(unauthorized(format!("Bearer realm=\"{realm}\",service=\"test\"{scope}")))
        }
    }
}

fn unauthorized(challenge: String) -> Response {
    Response::error(401, "UNAUTHORIZED", "authentication required").with("WWW-Authenticate", challenge)
}

/// Repository and action a request needs.
fn scope_of(request: &Request) -> Option<(String, &'static str)> {
    let rest = request.path.strip_prefix("/v2/")?;
    let end = ["/blobs/", "/manifests/", "/tags/"].iter().filter_map(|part| rest.find(part)).min()?;
    let reads = matches!(request.method.as_str(), "GET" | "HEAD");
    Some((rest[..end].to_string(), if reads { "pull" } else { "push" }))
}

/// Scopes look like `repository:NAME:pull,push`.
fn covers(scopes: &[String], (repository, action): &(String, &str)) -> bool {
    scopes.iter().any(|scope| {
        let Some((name, actions)) = scope.strip_prefix("repository:").and_then(|rest| rest.rsplit_once(':'))
        else {
            return false;
        };
        name == repository && actions.split(',').any(|one| one == *action)
    })
}

/// The token service.
pub(super) fn token(request: &Request, state: &mut State) -> Response {
    let Auth::Token { user, password, identity, anonymous_pull } = state.auth.clone() else {
        return Response::error(404, "NOT_FOUND", "no token service here");
    };
    let form = String::from_utf8_lossy(&request.body).into_owned();
    let values = if request.method == "POST" { super::http::pairs(&form) } else { request.query.clone() };
    let all = |name: &str| -> Vec<String> {
        let found = values.iter().filter(|(key, _)| key == name);
        found.flat_map(|(_, value)| value.split(' ').map(str::to_string).collect::<Vec<_>>()).collect()
    };
    let known = match request.method.as_str() {
        "POST" => all("refresh_token") == [identity],
        _ => request.header("authorization") == Some(&basic(user, password)),
    };
    let mut scopes = all("scope");
    if !known {
        if request.header("authorization").is_some() || request.method == "POST" || !anonymous_pull {
            return Response::new(
                401,
                "application/json",
                br#"{"details":"incorrect username or password"}"#.to_vec(),
            );
        }
        scopes = scopes.iter().map(|scope| scope.replace("pull,push", "pull")).collect();
        scopes.retain(|scope| scope.ends_with(":pull"));
    }
    let token = format!("token-{}", state.next_number());
    state.tokens.insert(token.clone(), scopes);
    let name = if request.method == "POST" { "access_token" } else { "token" };
    Response::new(200, "application/json", format!(r#"{{"{name}":"{token}","expires_in":300}}"#).into_bytes())
}

/// Basic, without a base64 crate: this direction is ten lines.
fn basic(user: &str, password: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = format!("{user}:{password}");
    let mut out = String::from("Basic ");
    for group in text.as_bytes().chunks(3) {
        let at = |index: usize| u32::from(*group.get(index).unwrap_or(&0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for index in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * index) & 63) as usize];
            out.push(if index <= group.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_rfc_7617() {
        assert_eq!(basic("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }
}
