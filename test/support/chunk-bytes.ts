/** The chunk size of every stack a test deploys: what is uploaded is small, and nothing has many chunks. */
export const CHUNK_BYTES = 262_144;

/** The most bytes of an inline object of every stack a test deploys: there are objects of one chunk as well. */
export const INLINE_BYTES = 65_536;

/** Restored by a multipart upload of two parts; its last chunk comes when the first part is written. */
export const PARTS_BYTES: number = 9 * 1_048_576;
export const LAST_OF_PARTS: number = Math.ceil(PARTS_BYTES / CHUNK_BYTES) - 1;
