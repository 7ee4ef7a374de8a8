//! Whether images are scanned when they are pushed.

use aws_sdk_ecr::Client;
use aws_sdk_ecr::types::ImageScanningConfiguration;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use serde_json::Value as Json;

use crate::clients::aws::OperationResult;
use crate::framework::Result;

/// Sets it for a repository that is there.
pub(super) async fn put(
    ecr: &Client,
    name: &str,
    configuration: Option<ImageScanningConfiguration>,
) -> Result<()> {
    let scan = configuration.as_ref().is_some_and(|configuration| configuration.scan_on_push);
    ecr.put_image_scanning_configuration()
        .repository_name(name)
        .set_image_scanning_configuration(configuration)
        .customize()
        .mutate_request(move |request| {
            if !scan {
                say_false(request);
            }
        })
        .send()
        .await
        .operation("PutImageScanningConfiguration")
        .map(drop)
}

/// Says outright that images are not scanned. The SDK leaves a false out, and what is made of an
/// object without anything in it is the service's to decide.
fn say_false(request: &mut HttpRequest) {
    let body = request.body().bytes().and_then(|body| serde_json::from_slice::<Json>(body).ok());
    let Some(mut body) = body else { return };
    body["imageScanningConfiguration"]["scanOnPush"] = false.into();
    let body = body.to_string();
    request.headers_mut().insert("content-length", body.len().to_string());
    *request.body_mut() = SdkBody::from(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_false_is_said_and_the_length_is_right() {
        let sent = r#"{"repositoryName":"shop/api","imageScanningConfiguration":{}}"#;
        let mut request = HttpRequest::new(SdkBody::from(sent));
        request.headers_mut().insert("content-length", sent.len().to_string());
        say_false(&mut request);
        let body = request.body().bytes().unwrap();
        assert_eq!(
            serde_json::from_slice::<Json>(body).unwrap(),
            serde_json::json!({
                "repositoryName": "shop/api",
                "imageScanningConfiguration": { "scanOnPush": false },
            })
        );
        assert_eq!(request.headers().get("content-length"), Some(&*body.len().to_string()));
    }
}
