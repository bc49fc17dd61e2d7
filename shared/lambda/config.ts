/** A function's configuration, read from its environment once, at cold start. */
import * as z from 'zod';
import { MAX_CHUNK_BYTES, MAX_INLINE_BYTES } from '../object/geometry.ts';
import { ConfigInvalidError } from '../errors.ts';

/** A name, URL or ARN. The service that it is for judges it. */
export const name: z.ZodString = z.string().min(1);

/**
 * The bytes of a chunk. Default 67108864 (64 MiB): 48.8 TiB are 800,000 chunks, and a sandbox holds one of them in
 * memory.
 */
export const chunkBytes: z.ZodType<number> = z.coerce
  .number()
  .int()
  .min(65_536)
  .max(MAX_CHUNK_BYTES)
  .default(67_108_864);

/**
 * The most bytes of an object that rests as one message, without a plan and chunks. Default 262144 (256 KiB). 0: every
 * object is divided into chunks.
 */
export const inlineBytes: z.ZodType<number> = z.coerce
  .number()
  .int()
  .min(0)
  .max(MAX_INLINE_BYTES)
  .default(262_144);

/** The parked jobs of one tenant that go back to the queue in a second. Default 100. */
export const unparkPerSecond: z.ZodType<number> = z.coerce.number().int().min(1).default(100);

/** The time that KMS may take to spread a change of a key. Default 300 (5 minutes). */
export const propagationSeconds: z.ZodType<number> = z.coerce.number().int().min(0).default(300);

/** The time after which an unsealed upload that nothing works on is re-driven. Default 3600 (1 hour). */
export const stuckSeconds: z.ZodType<number> = z.coerce.number().int().min(1).default(3600);

/** The calls of KMS for one tenant that one sandbox makes in a second. Default 200. */
export const kmsCallsPerSecond: z.ZodType<number> = z.coerce.number().min(1).default(200);

/** `on` when custom metrics count the uses of keys by tenant. Default `on`. */
export const tenantMetrics: z.ZodType<'on' | 'off'> = z.enum(['on', 'off']).default('on');

/**
 * Reads the variables of the shape.
 * @throws ConfigInvalidError naming every variable that is missing or malformed
 */
export function readConfig<Shape extends z.ZodRawShape>(shape: Shape): z.infer<z.ZodObject<Shape>> {
  const parsed = z.object(shape).safeParse(process.env);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')} (${issue.message})`);
  throw new ConfigInvalidError(`set these environment variables of the function: ${faults.join(', ')}`);
}
