/**
 * The order of two versions of one key, as S3 says it: the shorter sequencer is padded with zeros on the right, then
 * the two compare as text. Sequencers of different keys say nothing about each other.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */

/** Compares two sequencers. The answer is `unknown` when one is missing, or both are the same. */
export function sequencerOrder(sequencer: string, than: string): 'newer' | 'older' | 'unknown' {
  if (sequencer === '' || than === '') return 'unknown';
  if (isNewer(sequencer, than)) return 'newer';
  return isNewer(than, sequencer) ? 'older' : 'unknown';
}

export function isNewer(sequencer: string, than: string): boolean {
  const digits = Math.max(sequencer.length, than.length);
  return padded(sequencer, digits) > padded(than, digits);
}

function padded(sequencer: string, digits: number): string {
  return sequencer.toUpperCase().padEnd(digits, '0');
}
