/** Object tags in the x-amz-tagging header and in the Tagging document. */
import * as z from 'zod';
import { AwsError } from '../front/service.ts';
import { invalidArgument } from './errors.ts';
import { elements, parseXml, requiredText, type XmlContent } from './xml.ts';

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export type Tags = readonly Tag[];

export const tagsSchema: z.ZodType<Tags> = z.array(z.object({ key: z.string(), value: z.string() }));

const MAX_TAGS = 10;
const MAX_KEY_CHARACTERS = 128;
const MAX_VALUE_CHARACTERS = 256;
const ALLOWED = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/**
 * Returns the tags of an x-amz-tagging header, `a=1&b=two%20words`.
 * @throws InvalidArgument, InvalidTag, or BadRequest
 */
export function parseTaggingHeader(header: string | undefined): Tags {
  if (header === undefined || header === '') return [];
  if (/%(?![0-9a-f]{2})/i.test(header)) {
    const message =
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.";
    throw invalidArgument(message, 'x-amz-tagging', header);
  }
  return checkTags([...new URLSearchParams(header)].map(([key, value]) => ({ key, value })));
}

/**
 * Returns the tags of a Tagging document.
 * @throws MalformedXML, InvalidTag, or BadRequest
 */
export function parseTagging(text: string): Tags {
  const [set = ''] = elements(parseXml(text, 'Tagging'), 'TagSet');
  return checkTags(
    elements(set, 'Tag').map((tag) => ({ key: requiredText(tag, 'Key'), value: requiredText(tag, 'Value') })),
  );
}

export function taggingContent(tags: Tags): XmlContent {
  return { TagSet: { Tag: tags.map(({ key, value }) => ({ Key: key, Value: value })) } };
}

function checkTags(tags: Tags): Tags {
  if (tags.length > MAX_TAGS) throw new AwsError('BadRequest', 400, 'Object tags cannot be greater than 10');
  for (const tag of tags) checkTag(tag);
  if (new Set(tags.map(({ key }) => key)).size < tags.length)
    throw invalidTag('Cannot provide multiple Tags with the same key');
  return tags;
}

function checkTag({ key, value }: Tag): void {
  if (key === '' || key.length > MAX_KEY_CHARACTERS || !ALLOWED.test(key))
    throw invalidTag('The TagKey you have provided is invalid');
  if (value.length > MAX_VALUE_CHARACTERS || !ALLOWED.test(value))
    throw invalidTag('The TagValue you have provided is invalid');
  if (key.startsWith('aws:')) throw invalidTag('System tags cannot be added/updated by requester');
}

function invalidTag(message: string): AwsError {
  return new AwsError('InvalidTag', 400, message);
}
