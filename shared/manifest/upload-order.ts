/** The order of two uploads of one key: by their sequencers, or by their times where the sequencers do not say. */
import type { Plan } from '../object/plan.ts';
import type { SourceVersion } from '../object/source-version.ts';
import type { State } from '../ports/state.ts';
import type { Claim } from './claim.ts';
import type { Contender } from './conflict.ts';
import { sequencerOrder } from './sequencer.ts';

export interface Comparison {
  /** The upload of the claim came before or after the contender. */
  readonly order: 'older' | 'newer' | 'unknown';
  /** The plan of the upload that a manifest claims to be of, if there is one that fits. It is not looked for in vain. */
  readonly other?: Plan | undefined;
}

/** The difference that S3's clocks may have. Its listings show whole seconds. */
const TIME_TOLERANCE_MS = 2_000;

/** Compares the upload of a claim with another upload of the same key. */
export async function compareUploads(
  claim: Claim,
  contender: Contender,
  state: Pick<State, 'tenantAndPlan'>,
): Promise<Comparison> {
  const order = sequencerOrder(claim.sequencer, contender.source.sequencer);
  if (order === 'older') return { order };
  // A manifest does not say when its upload came, but its plan does.
  const other = claim.kind === 'manifest' ? await findPlanOf(claim, contender, state) : undefined;
  if (order === 'newer') return { order, other };
  const { uploadedAt = other?.source.uploadedAt } = claim;
  return { order: timeOrder({ ...claim, uploadedAt }, contender.source), other };
}

/** An upload whose time nobody knows is older if it was sealed before the other one came. */
function timeOrder(
  { uploadedAt, sealedAt }: Pick<Claim, 'uploadedAt' | 'sealedAt'>,
  source: SourceVersion,
): Comparison['order'] {
  const aheadMs = Date.parse(uploadedAt ?? sealedAt) - Date.parse(source.uploadedAt);
  if (aheadMs < -TIME_TOLERANCE_MS) return 'older';
  return uploadedAt !== undefined && aheadMs > TIME_TOLERANCE_MS ? 'newer' : 'unknown';
}

async function findPlanOf(
  claim: Claim,
  { tenantId, source }: Contender,
  state: Pick<State, 'tenantAndPlan'>,
): Promise<Plan | undefined> {
  const { plan } = await state.tenantAndPlan(tenantId, claim.objectId);
  const isAsClaimed = plan?.source.key === source.key && plan.source.sequencer === claim.sequencer;
  return isAsClaimed ? plan : undefined;
}
