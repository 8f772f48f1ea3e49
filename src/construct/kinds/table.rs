//! Generated from the rows of `table` by `tests/construct_generated.rs`: change those.

#[allow(clippy::wildcard_imports, unused_imports, reason = "which of them a kind needs follows from its rows")]
use crate::construct::kinds::prelude::*;

kind! {
    /// A DynamoDB table.
    Table, TableBuilder, crate::kind::table::Table;

    /// The attribute that says where an item is; alone, or with `sort_key`, it names the item.
    ///
    /// A [`PartitionKey`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.CoreComponents.html)
    partition_key: into PartitionKey;

    /// The attribute that items with one partition key are sorted by.
    ///
    /// A [`SortKey`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.CoreComponents.html)
    sort_key: into SortKey;

    /// By request, or by the hour for a `capacity`. on_demand (AWS: provisioned), because jobs come in bursts.
    /// Switched to on_demand at most four times in 24 hours.
    ///
    /// A [`Billing`]. Default: `on_demand`.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/capacity-mode.html)
    billing: Billing;

    /// With `billing: provisioned`: the units a second that are paid for, `{read: 5, write: 5}`.
    ///
    /// A [`Capacity`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/capacity-mode.html)
    capacity: into Capacity;

    /// With `billing: on_demand`: the most units a second, beyond which requests are throttled; no bound without it.
    ///
    /// A [`MaxCapacity`].
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode-max-throughput.html)
    max_capacity: into MaxCapacity;

    /// The attribute that says when an item expires, a number of seconds since 1970; none do unless said. DynamoDB
    /// deletes expired items within days, and takes one change of this an hour.
    ///
    /// A text of 1 to 255 characters.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html)
    time_to_live: text;

    /// What a stream of the table's changes says of each; there is no stream unless said.
    ///
    /// A [`StreamView`].
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_StreamSpecification.html)
    stream: StreamView;

    /// Keeps 35 days from which the table can be restored to any second. On (AWS: off), because a bug in a worker
    /// destroys what no retry brings back; it costs by the size of the table.
    ///
    /// True or false. Default: `true`.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html)
    point_in_time_recovery: bool;

    /// Whether DynamoDB refuses to delete it, whoever asks; `protect:` holds for queuestack alone.
    ///
    /// True or false. Default: `false`.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html)
    deletion_protection: bool;

    /// The ARN of the KMS key that it is encrypted with; a key that DynamoDB owns, at no cost, without it.
    ///
    /// A text of 20 to 2048 characters.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html)
    kms_key: text;

    /// standard, or infrequent_access: cheaper storage and dearer requests. Changed at most twice in 30 days.
    ///
    /// A [`TableClass`]. Default: `standard`.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.TableClasses.html)
    table_class: TableClass;

    /// Global indexes, at most 20: other keys to find items by. Added and removed in place; one whose keys or
    /// projection change is deleted and built anew, and cannot be read meanwhile.
    ///
    /// At most 20, each: A [`GlobalIndex`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html)
    indexes: each GlobalIndex;

    /// Local indexes, at most 5: other sort keys within the partition key. They are made with the table, and only
    /// then.
    ///
    /// At most 5, each: A [`LocalIndex`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html)
    local_indexes: each LocalIndex;
}

facts! { Table }

words! {
    /// The type of its values: string, number or binary.
    KeyType;
    /// `string`.
    String = "S",
    /// `number`.
    Number = "N",
    /// `binary`.
    Binary = "B",
}

part! {
    /// The attribute that says where an item is; alone, or with `sort_key`, it names the item.
    PartitionKey;

    /// The name of the attribute.
    ///
    /// A text of 1 to 255 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_KeySchemaElement.html)
    name: text;

    /// The type of its values: string, number or binary.
    ///
    /// A [`KeyType`]. Default: `string`.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_KeySchemaElement.html)
    type_ as "type": KeyType;
}

part! {
    /// The attribute that items with one partition key are sorted by.
    SortKey;

    /// The name of the attribute.
    ///
    /// A text of 1 to 255 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_KeySchemaElement.html)
    name: text;

    /// The type of its values: string, number or binary.
    ///
    /// A [`KeyType`]. Default: `string`.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_KeySchemaElement.html)
    type_ as "type": KeyType;
}

words! {
    /// By request, or by the hour for a `capacity`. on_demand (AWS: provisioned), because jobs come in bursts.
    /// Switched to on_demand at most four times in 24 hours.
    Billing;
    /// `on_demand`.
    OnDemand = "PAY_PER_REQUEST",
    /// `provisioned`.
    Provisioned = "PROVISIONED",
}

part! {
    /// With `billing: provisioned`: the units a second that are paid for, `{read: 5, write: 5}`.
    Capacity;

    /// Read units a second.
    ///
    /// A count. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/capacity-mode.html)
    read: u32;

    /// Write units a second.
    ///
    /// A count. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/capacity-mode.html)
    write: u32;
}

part! {
    /// With `billing: on_demand`: the most units a second, beyond which requests are throttled; no bound without it.
    MaxCapacity;

    /// The most read units a second; no bound unless said.
    ///
    /// A count.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode-max-throughput.html)
    read: u32;

    /// The most write units a second; no bound unless said.
    ///
    /// A count.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode-max-throughput.html)
    write: u32;
}

words! {
    /// What a stream of the table's changes says of each; there is no stream unless said.
    StreamView;
    /// `keys_only`.
    KeysOnly = "KEYS_ONLY",
    /// `new_image`.
    NewImage = "NEW_IMAGE",
    /// `old_image`.
    OldImage = "OLD_IMAGE",
    /// `new_and_old_images`.
    NewAndOldImages = "NEW_AND_OLD_IMAGES",
}

words! {
    /// standard, or infrequent_access: cheaper storage and dearer requests. Changed at most twice in 30 days.
    TableClass;
    /// `standard`.
    Standard = "STANDARD",
    /// `infrequent_access`.
    InfrequentAccess = "STANDARD_INFREQUENT_ACCESS",
}

words! {
    /// What of the items can be read from it: all, their keys, or also the `attributes`.
    Projection;
    /// `all`.
    All = "ALL",
    /// `keys`.
    Keys = "KEYS_ONLY",
    /// `include`.
    Include = "INCLUDE",
}

part! {
    /// Global indexes, at most 20: other keys to find items by. Added and removed in place; one whose keys or
    /// projection change is deleted and built anew, and cannot be read meanwhile.
    GlobalIndex;

    /// Its name: letters, digits, `_`, `-` and `.`, unique among the indexes of the table.
    ///
    /// A text of 3 to 255 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html)
    name: text;

    /// The attribute that it is looked up by.
    ///
    /// A [`PartitionKey`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.CoreComponents.html)
    partition_key: into PartitionKey;

    /// The attribute that its items with one partition key are sorted by.
    ///
    /// A [`SortKey`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.CoreComponents.html)
    sort_key: into SortKey;

    /// What of the items can be read from it: all, their keys, or also the `attributes`.
    ///
    /// A [`Projection`]. Default: `all`.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Projection.html)
    projection: Projection;

    /// The attributes that can be read from it besides keys; `projection: include` goes without saying.
    ///
    /// At most 20, each: A text of 1 to 255 characters.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Projection.html)
    attributes: texts;

    /// With `billing: provisioned`: its own units a second; those of the table unless said.
    ///
    /// A [`Capacity`]. [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/capacity-mode.html)
    capacity: into Capacity;
}

part! {
    /// Local indexes, at most 5: other sort keys within the partition key. They are made with the table, and only
    /// then.
    LocalIndex;

    /// Its name: letters, digits, `_`, `-` and `.`, unique among the indexes of the table.
    ///
    /// A text of 3 to 255 characters. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html)
    name: text;

    /// The attribute that its items with one partition key are sorted by.
    ///
    /// A [`SortKey`]. Default: not set.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.CoreComponents.html)
    sort_key: into SortKey;

    /// What of the items can be read from it: all, their keys, or also the `attributes`.
    ///
    /// A [`Projection`]. Default: `all`.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Projection.html)
    projection: Projection;

    /// The attributes that can be read from it besides keys; `projection: include` goes without saying.
    ///
    /// At most 20, each: A text of 1 to 255 characters.
    /// [AWS](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Projection.html)
    attributes: texts;
}
