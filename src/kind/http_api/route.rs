//! The key of a route: its syntax, and what it is called in permissions.

use super::permission::{OURS, digest};

/// The route that takes what no other does.
pub const DEFAULT: &str = "$default";

/// The methods that a route can name.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>
const METHODS: &[&str] = &["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// Says what is wrong with a route's key, if anything is.
pub fn wrong(key: &str) -> Option<String> {
    if key == DEFAULT {
        return None;
    }
    let Some((method, path)) = key.split_once(' ') else {
        return Some("it is not a method, a blank and a path".to_owned());
    };
    if !METHODS.contains(&method) {
        return Some(format!("there is no method `{method}`; there are {}", METHODS.join(", ")));
    }
    if !path.starts_with('/') || path.contains([' ', '?', '#', '*']) || path.contains("//") {
        return Some("its path does not begin with `/`, or has a blank, `?`, `#`, `*` or `//` in it".to_owned());
    }
    let segments: Vec<&str> = path[1..].split('/').collect();
    let mut variables = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        if !segment.contains(['{', '}']) {
            continue;
        }
        let inner = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let name = inner.map(|inner| inner.strip_suffix('+').unwrap_or(inner));
        let plain =
            |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
        let Some(name) = name.filter(plain) else {
            return Some(format!("`{segment}` is no variable: a whole segment is, as `{{id}}` or `{{proxy+}}`"));
        };
        if inner.is_some_and(|inner| inner.ends_with('+')) && index + 1 != segments.len() {
            return Some(format!("`{segment}` takes all that follows, and something follows"));
        }
        if variables.contains(&name) {
            return Some(format!("the variable `{name}` is there twice"));
        }
        variables.push(name);
    }
    None
}

/// The end of the ARN that API Gateway invokes a function for: `/POST/events`, `/*/pets/*` for `ANY /pets/{id}`.
///
/// It stands behind the API's id and stage.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html>
pub fn resource(key: &str) -> String {
    let Some((method, path)) = key.split_once(' ') else { return format!("/{key}") };
    let method = if method == "ANY" { "*" } else { method };
    let segments = path.trim_end_matches('/').split('/');
    let path: Vec<&str> = segments.map(|segment| if segment.starts_with('{') { "*" } else { segment }).collect();
    format!("/{method}{}", if path == [""] { "/".to_owned() } else { path.join("/") })
}

/// The id of the statement that lets a route invoke its function: the same each time, and nobody else's.
pub fn statement(api: &str, key: &str) -> String {
    format!("{OURS}{api}-{}", digest(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_api_gateway_takes_and_refuses() {
        for right in ["$default", "GET /", "POST /events", "ANY /{proxy+}", "GET /a/{id}/b/{other}", "PUT /a-b_c.d/"] {
            assert_eq!(wrong(right), None, "{right}");
        }
        let table = [
            ("", "not a method"),
            ("/events", "not a method"),
            ("post /events", "no method `post`"),
            ("POST events", "does not begin"),
            ("POST  /events", "does not begin"),
            ("POST /a?b=c", "does not begin"),
            ("GET /a/*", "does not begin"),
            ("GET /a/x{id}", "`x{id}` is no variable"),
            ("GET /a/{}", "`{}` is no variable"),
            ("GET /{proxy+}/b", "something follows"),
            ("GET /{a}/{a}", "`a` is there twice"),
        ];
        for (key, words) in table {
            assert!(wrong(key).is_some_and(|said| said.contains(words)), "{key}: {:?}", wrong(key));
        }
    }

    #[test]
    fn permissions_are_for_one_route() {
        let table = [
            ("$default", "/$default"),
            ("POST /events", "/POST/events"),
            ("GET /", "/GET/"),
            ("ANY /pets/{id}", "/*/pets/*"),
            ("GET /pets/{id}/toys/", "/GET/pets/*/toys"),
            ("GET /{proxy+}", "/GET/*"),
        ];
        for (key, expected) in table {
            assert_eq!(resource(key), expected, "{key}");
        }
        assert_eq!(statement("abc", "POST /events").len(), "queuestack-abc-".len() + 16);
        assert_ne!(statement("abc", "GET /events"), statement("abc", "POST /events"));
    }
}
