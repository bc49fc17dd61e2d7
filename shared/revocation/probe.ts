/**
 * Asks KMS whether a tenant's key works now: it reads the key's state, and makes dry runs of the operations of the data
 * path. These are three requests for a key, two in hierarchical mode, and none of them uses the key. Each replica of a
 * multi-Region key is asked as well: the key works if all of them do. An outage is neither yes nor no. An answer that
 * says nothing about the key is neither, too: then the other questions decide, and Decrypt is asked in a second way.
 */
import type { ControlPlaneKms, KmsOperation } from '../ports/kms.ts';
import { kmsFailure, isAboutTheRequest } from '../envelope/kms/kms-failure.ts';
import { isKeyRefusal, type KeyRefusal, type SealstreamError } from '../errors.ts';
import { currentKekArns, type Tenant } from '../tenant/tenant.ts';
import { type KeyWarning, requireUsableState, warningsOf } from './key-state.ts';
import { probeCiphertextOf, probeContext, probeTimeout } from './probe-ciphertext.ts';

/** The requests of a probe. */
export type ProbeKms = Pick<ControlPlaneKms, 'describe' | 'tryOperation'>;

/**
 * The answer to a probe. `refused`: the tenant said no. `unreachable`: KMS, or the key's external store, could not be
 * asked.
 */
export type Verdict =
  { readonly usable: true } | { readonly refused: KeyRefusal } | { readonly unreachable: SealstreamError };

/** A verdict with its warnings. Every verdict may have some: a key that is pending deletion is refused already. */
export type Probe = Verdict & {
  readonly warnings: readonly KeyWarning[];
  /** The first answer that said nothing about the key, if there is one. */
  readonly unclear?: SealstreamError | undefined;
};

/** Probes all keys in use. Never throws: an error of KMS is the answer. */
export async function probeKey(
  tenant: ProbedKey & Pick<Tenant, 'replicaArns'>,
  kms: ProbeKms,
): Promise<Probe> {
  const probes = await Promise.all(
    currentKekArns(tenant).map(async (kekArn) => await probeOne({ ...tenant, kekArn }, kms)),
  );
  const verdict =
    probes.find((probe) => 'refused' in probe) ?? probes.find((probe) => 'unreachable' in probe);
  return {
    ...(verdict ?? { usable: true }),
    warnings: probes.flatMap(({ warnings }) => warnings),
    unclear: probes.find(({ unclear }) => unclear !== undefined)?.unclear,
  };
}

type ProbedKey = Pick<Tenant, 'tenantId' | 'kekArn' | 'keyMode' | 'customKeyStore' | 'probeCiphertexts'>;

async function probeOne(key: ProbedKey, kms: ProbeKms): Promise<Probe> {
  let warnings: readonly KeyWarning[] = [];
  const state: Question = {
    operation: 'kms:DescribeKey',
    async ask() {
      const description = await kms.describe(key.kekArn, probeTimeout());
      warnings = warningsOf(description);
      requireUsableState(key, description);
    },
  };
  const { unclear, verdict } = await askInTurn(key, [state, ...questionsOfUse(key, kms)]);
  return { ...verdict, warnings, unclear };
}

interface Question {
  readonly operation: KmsOperation;
  /** Resolves when the answer is yes. */
  readonly ask: () => Promise<void>;
  /** Asks the same in a second way, when the first answer says nothing. */
  readonly askOtherwise?: (() => Promise<void>) | undefined;
}

/** Returns the questions about the data path, which in hierarchical mode only unwraps branch keys. */
function questionsOfUse(key: ProbedKey, kms: ProbeKms): readonly Question[] {
  const { kekArn, keyMode } = key;
  const context = probeContext(key);
  const ciphertext = probeCiphertextOf(key, kekArn);
  const tryDecrypt = async (given?: Uint8Array): Promise<void> =>
    await kms.tryOperation({ operation: 'kms:Decrypt', kekArn, context, ciphertext: given }, probeTimeout());
  const generate: Question = {
    operation: 'kms:GenerateDataKey',
    ask: async () =>
      await kms.tryOperation({ operation: 'kms:GenerateDataKey', kekArn, context }, probeTimeout()),
  };
  const decrypt: Question = {
    operation: 'kms:Decrypt',
    ask: async () => await tryDecrypt(),
    askOtherwise: ciphertext && (async () => await tryDecrypt(ciphertext)),
  };
  return keyMode === 'hierarchical' ? [decrypt] : [generate, decrypt];
}

interface Answered {
  readonly verdict: Verdict;
  readonly unclear?: SealstreamError | undefined;
}

/**
 * Asks until one question is answered with no, or cannot be asked. The verdict is yes when each question is answered
 * with yes, in one way or the other.
 */
async function askInTurn(key: ProbedKey, questions: readonly Question[]): Promise<Answered> {
  let verdict: Verdict = { usable: true };
  let unclear: SealstreamError | undefined;
  for (const { operation, ask, askOtherwise } of questions) {
    let failure = await failureOf(key, operation, ask);
    if (failure !== undefined && isAboutTheRequest(failure.cause)) {
      unclear ??= failure;
      failure = askOtherwise === undefined ? failure : await failureOf(key, operation, askOtherwise);
    }
    if (isKeyRefusal(failure)) return { verdict: { refused: failure }, unclear };
    if (failure === undefined) continue;
    verdict = { unreachable: failure };
    if (!isAboutTheRequest(failure.cause)) break;
  }
  return { verdict, unclear };
}

/** Returns undefined when the call works. */
async function failureOf(
  { kekArn, ...key }: ProbedKey,
  operation: KmsOperation,
  call: () => Promise<void>,
): Promise<SealstreamError | undefined> {
  try {
    await call();
    return undefined;
  } catch (cause) {
    return kmsFailure(cause, { ...key, arn: kekArn }, operation);
  }
}
