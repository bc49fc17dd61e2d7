/** The logger and the metrics of a function: structured JSON on standard output, as CloudWatch reads it. */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { SealstreamError } from '../errors.ts';

export const logger: Logger = new Logger({ serviceName: 'sealstream' });
export const NAMESPACE = 'Sealstream';
export const metrics: Metrics = new Metrics({ namespace: NAMESPACE, serviceName: 'sealstream' });

/** Counts something, once unless `times` says otherwise. */
export function count(metric: string, times: number = 1): void {
  metrics.addMetric(metric, MetricUnit.Count, times);
}

/**
 * Returns the part of a failure that may be logged. The message of a cause may quote secrets, so it is never logged.
 */
export function loggablePartOf(error: unknown): Record<string, string> {
  if (!(error instanceof Error)) return { error: 'unknown' };
  const cause: Record<string, string> = error.cause instanceof Error ? { cause: error.cause.name } : {};
  if (error instanceof SealstreamError) return { code: error.code, error: error.message, ...cause };
  return { error: error.name, ...cause };
}
