/** An object in a bucket, as it was put. */
export interface StoredObject {
  readonly key: string;
  readonly body: Buffer;
  /** Headers that are given back as they came: Content-Type and `x-amz-meta-…`, in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The MD5 of the body, in quotation marks. */
  readonly etag: string;
  readonly modifiedAtMs: number;
}

/** A bucket of one account; its name is nobody else's. */
export interface Bucket {
  readonly name: string;
  readonly accountId: string;
  readonly region: string;
  readonly createdAtMs: number;
  readonly objects: Map<string, StoredObject>;
}
