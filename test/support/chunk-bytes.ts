/** The chunk size of every stack a test deploys: a few hundred kilobytes make several chunks. */
export const CHUNK_BYTES = 65_536;
