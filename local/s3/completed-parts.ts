/** The list of parts that a CompleteMultipartUpload names, and the stored parts that it means. */
import { AwsError } from '../front/service.ts';
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from './checksum.ts';
import { invalidRequest, malformedXml } from './errors.ts';
import type { ChecksumPlan, Part } from './uploads.ts';
import { elements, parseXml, requiredText, textOf, type XmlNode } from './xml.ts';

export interface CompletedPart {
  readonly number: number;
  /** The ETag without quotes. */
  readonly etag: string;
  readonly checksums: Partial<Readonly<Record<ChecksumAlgorithm, string>>>;
}

/** The smallest part that is not the last one: 5 MiB. */
const MIN_PART_BYTES = 5 * 1024 ** 2;

/** @throws MalformedXML, also for no parts at all */
export function parseCompletedParts(document: string): readonly CompletedPart[] {
  const parts = elements(parseXml(document, 'CompleteMultipartUpload'), 'Part').map(parsePart);
  if (parts.length === 0) throw malformedXml();
  return parts;
}

/**
 * Returns the stored parts that are named.
 * @throws InvalidPartOrder, InvalidPart, EntityTooSmall, or InvalidRequest
 */
export function selectParts(
  completed: readonly CompletedPart[],
  stored: readonly Part[],
  plan: ChecksumPlan,
): readonly Part[] {
  assertAscending(completed);
  const byNumber = new Map(stored.map((part) => [part.number, part]));
  const selected = completed.map((named) => selectPart(named, byNumber.get(named.number), plan));
  const small = selected.slice(0, -1).find(({ sizeBytes }) => sizeBytes < MIN_PART_BYTES);
  if (small !== undefined) throw entityTooSmall(small);
  return selected;
}

function parsePart(node: XmlNode): CompletedPart {
  const number = Number(requiredText(node, 'PartNumber'));
  if (!Number.isSafeInteger(number)) throw malformedXml();
  const checksums = CHECKSUM_ALGORITHMS.map(
    (algorithm) => [algorithm, textOf(node, `Checksum${algorithm}`)] as const,
  );
  return {
    number,
    etag: requiredText(node, 'ETag').replace(/^"(.*)"$/, '$1'),
    checksums: Object.fromEntries(checksums.filter(([, value]) => value !== undefined)),
  };
}

function assertAscending(completed: readonly CompletedPart[]): void {
  const isAscending = completed.every(
    ({ number }, index) => index === 0 || number > (completed[index - 1]?.number ?? 0),
  );
  if (isAscending) return;
  const message =
    'The list of parts was not in ascending order. The parts list must be specified in order by part number.';
  throw new AwsError('InvalidPartOrder', 400, message);
}

function selectPart(
  { number, etag, checksums }: CompletedPart,
  part: Part | undefined,
  plan: ChecksumPlan,
): Part {
  if (part === undefined || part.etag !== etag) throw invalidPart(number, etag);
  const checksum = checksums[plan.algorithm];
  if (checksum !== undefined && checksum !== part.checksum.value) throw invalidPart(number, etag);
  if (checksum === undefined && plan.type === 'COMPOSITE')
    throw invalidRequest(
      `The upload was created using a ${plan.algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`,
    );
  return part;
}

function invalidPart(number: number, etag: string): AwsError {
  const message =
    "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.";
  return new AwsError('InvalidPart', 400, message, { PartNumber: number, ETag: etag });
}

function entityTooSmall({ number, etag, sizeBytes }: Part): AwsError {
  const message = 'Your proposed upload is smaller than the minimum allowed size';
  const members = { ProposedSize: sizeBytes, MinSizeAllowed: MIN_PART_BYTES, PartNumber: number, ETag: etag };
  return new AwsError('EntityTooSmall', 400, message, members);
}
