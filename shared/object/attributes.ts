/** The attributes that S3 keeps beside an object's bytes. */

export interface Attributes {
  readonly contentType?: string | undefined;
  readonly cacheControl?: string | undefined;
  readonly contentDisposition?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly contentLanguage?: string | undefined;
  /** The text as it was sent; S3 does not check that it is a date. */
  readonly expires?: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** A checksum that S3 holds of the uploaded object, in base64. `COMPOSITE`: it is made of the parts' checksums. */
export interface SourceChecksum {
  readonly algorithm: 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256';
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
  readonly value: string;
}
