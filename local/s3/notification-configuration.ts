/**
 * A bucket's notification configuration. It is parsed, validated as in S3, rendered, and asked for the receivers of
 * an event.
 */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { invalidArgument, notImplemented } from './errors.ts';
import { elements, parseXml, requiredText, textOf, type XmlContent, type XmlNode } from './xml.ts';

export interface NotificationDestination {
  readonly id: string;
  readonly kind: 'Queue' | 'CloudFunction';
  readonly arn: string;
  readonly events: readonly string[];
  readonly prefix: string;
  readonly suffix: string;
}

export interface NotificationConfiguration {
  readonly destinations: readonly NotificationDestination[];
  /** True when every event also goes to the default bus of the bucket's account and region. */
  readonly eventBridge: boolean;
}

export const notificationSchema: z.ZodType<NotificationConfiguration> = z.object({
  destinations: z.array(
    z.object({
      id: z.string(),
      kind: z.enum(['Queue', 'CloudFunction']),
      arn: z.string(),
      events: z.array(z.string()),
      prefix: z.string(),
      suffix: z.string(),
    }),
  ),
  eventBridge: z.boolean(),
});

export const NO_NOTIFICATIONS: NotificationConfiguration = { destinations: [], eventBridge: false };

const ARNS = {
  Queue: /^arn:aws:sqs:[a-z0-9-]+:\d{12}:[\w-]+(\.fifo)?$/,
  CloudFunction: /^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[\w:$-]+$/,
};
const EVENTS = new Set([
  's3:ObjectCreated:*',
  's3:ObjectCreated:Put',
  's3:ObjectCreated:Post',
  's3:ObjectCreated:Copy',
  's3:ObjectCreated:CompleteMultipartUpload',
  's3:ObjectRemoved:*',
  's3:ObjectRemoved:Delete',
  's3:ObjectRemoved:DeleteMarkerCreated',
]);
const OTHER_EVENTS =
  /^s3:(ReducedRedundancyLostObject|TestEvent|(ObjectRestore|Replication|LifecycleExpiration|ObjectTagging):(\*|\w+)|(LifecycleTransition|IntelligentTiering|ObjectAcl:Put))$/;

/**
 * @throws MalformedXML, InvalidArgument, or NotImplemented for topics and for events that the local S3 does not
 * emit
 */
export function parseNotificationConfiguration(text: string): NotificationConfiguration {
  const root = parseXml(text, 'NotificationConfiguration');
  if (elements(root, 'TopicConfiguration').length > 0) throw notImplemented('TopicConfiguration');
  const destinations = [...destinationsOf(root, 'Queue'), ...destinationsOf(root, 'CloudFunction')];
  assertNoOverlap(destinations);
  return { destinations, eventBridge: elements(root, 'EventBridgeConfiguration').length > 0 };
}

export function notificationContent({ destinations, eventBridge }: NotificationConfiguration): XmlContent {
  const render = (kind: NotificationDestination['kind']): XmlContent[] =>
    destinations.filter((destination) => destination.kind === kind).map(destinationContent);
  return {
    QueueConfiguration: render('Queue'),
    CloudFunctionConfiguration: render('CloudFunction'),
    EventBridgeConfiguration: eventBridge ? '' : undefined,
  };
}

/** Returns the destinations that want `event`, e.g. `ObjectCreated:Put`, of `key`. */
export function wanting(
  { destinations }: NotificationConfiguration,
  event: string,
  key: string,
): readonly NotificationDestination[] {
  return destinations.filter(
    ({ events, prefix, suffix }) =>
      events.some((pattern) => covers(pattern, `s3:${event}`)) &&
      key.startsWith(prefix) &&
      key.endsWith(suffix),
  );
}

function destinationsOf(root: XmlNode, kind: NotificationDestination['kind']): NotificationDestination[] {
  return elements(root, `${kind}Configuration`).map((node) => {
    const arn = requiredText(node, kind);
    if (!ARNS[kind].test(arn)) throw invalidArgument('The ARN could not be parsed', kind, arn);
    const events = elements(node, 'Event').map((event) => parseEvent(event));
    if (events.length === 0) throw invalidArgument('At least one event is required', 'Event', '');
    return { id: textOf(node, 'Id') ?? randomUUID(), kind, arn, events, ...parseFilter(node) };
  });
}

function parseEvent(node: XmlNode): string {
  const event = typeof node === 'string' ? node : '';
  if (EVENTS.has(event)) return event;
  if (OTHER_EVENTS.test(event)) throw notImplemented(event);
  throw invalidArgument('The event is not supported for notifications', 'Event', event);
}

function parseFilter(node: XmlNode): { prefix: string; suffix: string } {
  const found = { prefix: '', suffix: '' };
  const rules = elements(node, 'Filter')
    .flatMap((filter) => elements(filter, 'S3Key'))
    .flatMap((key) => elements(key, 'FilterRule'));
  for (const rule of rules) {
    const name = requiredText(rule, 'Name').toLowerCase();
    if (name !== 'prefix' && name !== 'suffix')
      throw invalidArgument('filter rule name must be either prefix or suffix', 'FilterRule.Name', name);
    found[name] = textOf(rule, 'Value') ?? '';
  }
  return found;
}

function destinationContent({ id, kind, arn, events, prefix, suffix }: NotificationDestination): XmlContent {
  const rules = [
    { Name: 'Prefix', Value: prefix },
    { Name: 'Suffix', Value: suffix },
  ].filter(({ Value }) => Value !== '');
  const filter = rules.length > 0 ? { S3Key: { FilterRule: rules } } : undefined;
  return { Id: id, [kind]: arn, Event: events, Filter: filter };
}

/** @throws InvalidArgument when two destinations want the same event of the same key */
function assertNoOverlap(destinations: readonly NotificationDestination[]): void {
  const overlapping = destinations.some((one, index) =>
    destinations
      .slice(index + 1)
      .some(
        (other) =>
          one.events.some((a) => other.events.some((b) => covers(a, b) || covers(b, a))) &&
          (one.prefix.startsWith(other.prefix) || other.prefix.startsWith(one.prefix)) &&
          (one.suffix.endsWith(other.suffix) || other.suffix.endsWith(one.suffix)),
      ),
  );
  if (overlapping)
    throw invalidArgument(
      'Configurations overlap. Configurations on the same bucket cannot share a common event type.',
      'NotificationConfiguration',
      '',
    );
}

function covers(pattern: string, event: string): boolean {
  return pattern.endsWith('*') ? event.startsWith(pattern.slice(0, -1)) : pattern === event;
}
