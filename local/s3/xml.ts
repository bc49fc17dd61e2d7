/**
 * S3's XML, read and written. Every value is text: S3's documents have no types and no attributes that matter, and
 * a key that looks like a number must not change.
 */
import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';
import * as z from 'zod';
import { malformedXml } from './errors.ts';

export type XmlNode = string | { readonly [name: string]: XmlNode | readonly XmlNode[] };

/** The content of an element that is written. Undefined members are left out, arrays repeat their element. */
export type XmlContent =
  string | number | boolean | undefined | readonly XmlContent[] | { readonly [name: string]: XmlContent };

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/**
 * The characters that https://www.w3.org/TR/xml/#charsets does not allow: a key may contain them, a document may
 * not.
 */
// oxlint-disable-next-line no-control-regex -- these are what it is about
const FORBIDDEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;
const REFERENCE = /&#(?:x([0-9a-f]+)|(\d+));/giu;
const MAX_CODE_POINT = 0x10ffff;

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  trimValues: false,
  removeNSPrefix: true,
  // An SDK sends the newline of a key as a numeric reference, &#xA; for example.
  htmlEntities: true,
  processEntities: { enabled: true, maxExpandedLength: Number.MAX_SAFE_INTEGER },
});

const builder = new XMLBuilder({ ignoreAttributes: false, suppressBooleanAttributes: false });

/**
 * Returns the element `root` of a document.
 * @throws MalformedXML for anything but a well-formed document with that root
 */
export function parseXml(text: string, root: string): XmlNode {
  if (!isXmlText(text) || XMLValidator.validate(text) !== true) throw malformedXml();
  const element = documentSchema.parse(parser.parse(text))[root];
  if (element === undefined) throw malformedXml();
  return element;
}

/** Returns the elements of that name directly below `node`; none when there are none. */
export function elements(node: XmlNode, name: string): readonly XmlNode[] {
  if (typeof node === 'string') return [];
  const found = node[name];
  if (found === undefined) return [];
  return isList(found) ? found : [found];
}

/**
 * Returns the text of the one element of that name; undefined when it is absent.
 * @throws MalformedXML when it contains elements
 */
export function textOf(node: XmlNode, name: string): string | undefined {
  const [first] = elements(node, name);
  if (first !== undefined && typeof first !== 'string') throw malformedXml();
  return first;
}

/**
 * Returns the text of the one element of that name.
 * @throws MalformedXML when it contains elements or is absent
 */
export function requiredText(node: XmlNode, name: string): string {
  const text = textOf(node, name);
  if (text === undefined) throw malformedXml();
  return text;
}

/** Returns the names of the elements below `node`, each once. */
export function elementNames(node: XmlNode): readonly string[] {
  return typeof node === 'string' ? [] : Object.keys(node).filter((name) => name !== '#text');
}

export function renderXml(root: string, content: XmlContent, namespace: string | null = NAMESPACE): string {
  const attributes = namespace === null ? {} : { '@_xmlns': namespace };
  const element = isElements(content) ? { ...attributes, ...content } : { ...attributes, '#text': content };
  const document = builder.build({ [root]: element });
  // A parser turns a bare carriage return into a newline, so this writes it as a reference.
  return `<?xml version="1.0" encoding="UTF-8"?>\n${document.replaceAll('\r', '&#13;')}`;
}

const nodeSchema: z.ZodType<XmlNode> = z.union([
  z.string(),
  z.lazy(() => z.record(z.string(), z.union([nodeSchema, z.array(nodeSchema)]))),
]);
const documentSchema = z.record(z.string(), nodeSchema);

/** True when every character may stand in XML 1.0, those of references included. */
function isXmlText(text: string): boolean {
  if (FORBIDDEN.test(text)) return false;
  return [...text.matchAll(REFERENCE)].every(([, hex, decimal]) => {
    const codePoint = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return codePoint <= MAX_CODE_POINT && !FORBIDDEN.test(String.fromCodePoint(codePoint));
  });
}

function isElements(content: XmlContent): content is { readonly [name: string]: XmlContent } {
  return typeof content === 'object' && !Array.isArray(content);
}

function isList(value: XmlNode | readonly XmlNode[]): value is readonly XmlNode[] {
  return Array.isArray(value);
}
