/** Every minute: probes the tenants' keys, unparks work whose key is back, re-drives what is stuck. */
import { name, readConfig } from '../shared/lambda/config.ts';
import { type Handler, lambda } from '../shared/lambda/stack.ts';

readConfig({ STATE_TABLE: name, INGEST_BUCKET: name, UPLOAD_QUEUE_URL: name, CHUNK_QUEUE_URL: name });

export const handler: Handler<unknown, { readonly tenants: number }> = lambda(async () => ({ tenants: 0 }));
