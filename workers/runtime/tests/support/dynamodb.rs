//! Tables of the local AWS.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};

/// A client of this endpoint.
pub fn client(endpoint: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    Client::from_conf(config.build())
}

/// A table for an idempotency store, of its own.
pub async fn table(client: Client) -> String {
    let name = format!("idempotency-{}", queuestack_worker::idempotency::Owner::new().0);
    make(&client, &name, &["id"]).await;
    name
}

/// Makes a table with these strings as its keys.
pub async fn make(client: &Client, name: &str, keys: &[&str]) {
    let create = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    let keys = keys.iter().zip([KeyType::Hash, KeyType::Range]);
    let create = keys.fold(create, |create, (name, which)| {
        let defined = AttributeDefinition::builder().attribute_name(*name).attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name(*name).key_type(which);
        create.attribute_definitions(defined.build().unwrap()).key_schema(key.build().unwrap())
    });
    create.send().await.unwrap();
}
