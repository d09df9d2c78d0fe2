//! The endpoints of the distribution-spec.

use plimsoll_model::Digest;
use serde_json::Value;

use super::http::{Request, Response};
use super::state::State;
use super::{Shared, auth};

/// Answer a request.
pub(super) fn answer(request: &Request, shared: &Shared) -> Response {
    let mut state = shared.state();
    if request.path == "/token" {
        return auth::token(request, &mut state);
    }
    if let Some(refusal) = auth::guard(request, &state, shared.addr) {
        return refusal;
    }
    if request.path == "/v2/" {
        return Response::new(200, "application/json", b"{}".to_vec());
    }
    let unknown = || Response::error(404, "NAME_INVALID", "no such endpoint");
    let Some(rest) = request.path.strip_prefix("/v2/") else { return unknown() };
    for (kind, route) in ROUTES {
        if let Some((repository, last)) = rest.split_once(kind) {
            let base =
                if state.absolute_locations { format!("http://{}", shared.addr) } else { String::new() };
            return route(&mut state, request, repository, last, &base);
        }
    }
    unknown()
}

type Route = fn(&mut State, &Request, &str, &str, &str) -> Response;

/// The first that fits counts.
const ROUTES: [(&str, Route); 4] =
    [("/blobs/uploads/", upload), ("/blobs/", blob), ("/manifests/", manifest), ("/tags/list", tags)];

fn blob(state: &mut State, request: &Request, repository: &str, digest: &str, _: &str) -> Response {
    let Some(bytes) = state.blob(repository, digest) else {
        return Response::error(404, "BLOB_UNKNOWN", "blob unknown to registry");
    };
    let range = request.header("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
    let answer = match range.and_then(|from| from.parse::<usize>().ok()) {
        Some(from) if from >= bytes.len() => return Response::empty(416),
        Some(from) => Response::new(206, "application/octet-stream", bytes[from..].to_vec())
            .with("Content-Range", format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len())),
        None => Response::new(200, "application/octet-stream", bytes.clone()),
    };
    answer.with("Docker-Content-Digest", digest)
}

fn upload(state: &mut State, request: &Request, repository: &str, id: &str, base: &str) -> Response {
    let place = |id: &str| format!("{base}/v2/{repository}/blobs/uploads/{id}?state=of-{id}");
    match request.method.as_str() {
        "POST" => {
            if let (Some(digest), Some(from)) = (request.query("mount"), request.query("from"))
                && state.mount(repository, from, digest)
            {
                return Response::empty(201)
                    .with("Location", format!("{base}/v2/{repository}/blobs/{digest}"));
            }
            let id = format!("upload-{}", state.next_number());
            state.uploads.insert(id.clone(), Vec::new());
            Response::empty(202).with("Location", place(&id)).with("Range", "0-0")
        }
        "PATCH" | "PUT" => {
            let wrong_state = request.query("state") != Some(&format!("of-{id}"));
            let Some(sofar) = state.uploads.get_mut(id).filter(|_| !wrong_state) else {
                return Response::error(404, "BLOB_UPLOAD_UNKNOWN", "upload unknown");
            };
            let start =
                request.header("content-range").and_then(|range| range.split('-').next()?.parse().ok());
            if start.is_some_and(|start: usize| start != sofar.len()) {
                return Response::empty(416);
            }
            sofar.extend_from_slice(&request.body);
            if request.method == "PATCH" {
                let end = sofar.len().saturating_sub(1);
                return Response::empty(202).with("Location", place(id)).with("Range", format!("0-{end}"));
            }
            close_upload(state, request, repository, id)
        }
        _ => Response::error(405, "UNSUPPORTED", "method not supported"),
    }
}

fn close_upload(state: &mut State, request: &Request, repository: &str, id: &str) -> Response {
    let bytes = state.uploads.remove(id).unwrap_or_default();
    let digest = Digest::of(&bytes).to_string();
    if request.query("digest") != Some(&digest) {
        return Response::error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    }
    state.put_blob(repository, bytes);
    Response::empty(201).with("Docker-Content-Digest", digest)
}

fn manifest(state: &mut State, request: &Request, repository: &str, reference: &str, _: &str) -> Response {
    if request.method == "PUT" {
        return put_manifest(state, request, repository, reference);
    }
    match state.manifest(repository, reference) {
        None => Response::error(404, "MANIFEST_UNKNOWN", "manifest unknown"),
        Some((media_type, bytes)) => {
            Response::new(200, media_type, bytes.clone()).with("Docker-Content-Digest", Digest::of(bytes))
        }
    }
}

/// A manifest is accepted only when everything it names is there.
fn put_manifest(state: &mut State, request: &Request, repository: &str, reference: &str) -> Response {
    let document: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let layers = document["layers"].as_array().into_iter().flatten();
    let named = layers.chain([&document["config"]]).filter_map(|entry| entry["digest"].as_str());
    if named.into_iter().any(|digest| state.blob(repository, digest).is_none()) {
        return Response::error(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry");
    }
    let media_type = request.header("content-type").unwrap_or_default();
    let digest = state.put_manifest(repository, reference, media_type, request.body.clone());
    Response::empty(201).with("Docker-Content-Digest", digest)
}

fn tags(state: &mut State, _: &Request, repository: &str, _: &str, _: &str) -> Response {
    let Some(found) = state.repositories.get(repository) else {
        return Response::error(404, "NAME_UNKNOWN", "repository name not known to registry");
    };
    let tags: Vec<&String> = found.tags.keys().collect();
    let body = serde_json::json!({"name": repository, "tags": tags});
    Response::new(200, "application/json", body.to_string().into_bytes())
}
