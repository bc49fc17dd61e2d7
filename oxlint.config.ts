/** The lint rules, and the walls: which folder may import from which. docs/architecture.md explains them. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { defineConfig, type OxlintConfig } from 'oxlint';

/** A folder, and what its files may import besides each other. */
interface Wall {
  readonly folder: string;
  /** Folders that come earlier in the list, so that no cycle can arise. */
  readonly from: readonly string[];
  /** Packages that are kept out of every folder that does not name them. */
  readonly packages?: readonly GuardedPackage[];
}

type Override = NonNullable<OxlintConfig['overrides']>[number];
type GuardedPackage = '@aws-sdk' | '@aws-crypto';
const GUARDED: readonly GuardedPackage[] = ['@aws-sdk', '@aws-crypto'];

const GROUND = ['shared', 'shared/tenant', 'shared/object', 'shared/ports'];
const ENVELOPE = ['shared/envelope/cache', 'shared/envelope/kms', 'shared/envelope/message'];
const USE_CASES = [
  'shared/ingest',
  'shared/encrypt',
  'shared/restore',
  'shared/watch',
  'shared/onboarding',
  'shared/offboarding',
];
const SERVICES = ['s3', 'kms', 'sqs', 'dynamodb', 'eventbridge', 'lambda'].map((name) => `local/${name}`);

const PRODUCT: readonly Wall[] = [
  { folder: 'shared', from: [] },
  { folder: 'shared/tenant', from: ['shared'] },
  { folder: 'shared/object', from: ['shared', 'shared/tenant'] },
  { folder: 'shared/ports', from: ['shared/tenant', 'shared/object'] },
  { folder: 'shared/envelope/cache', from: GROUND, packages: ['@aws-crypto'] },
  { folder: 'shared/envelope/kms', from: [...GROUND, 'shared/envelope/cache'], packages: ['@aws-crypto'] },
  {
    folder: 'shared/envelope/message',
    from: [...GROUND, 'shared/envelope/cache', 'shared/envelope/kms'],
    packages: ['@aws-crypto'],
  },
  { folder: 'shared/manifest', from: [...GROUND, ...ENVELOPE] },
  { folder: 'shared/revocation', from: [...GROUND, 'shared/envelope/cache', 'shared/envelope/kms'] },
  { folder: 'shared/ingest', from: GROUND },
  { folder: 'shared/encrypt', from: [...GROUND, ...ENVELOPE, 'shared/manifest', 'shared/revocation'] },
  { folder: 'shared/restore', from: [...GROUND, ...ENVELOPE, 'shared/manifest', 'shared/revocation'] },
  { folder: 'shared/watch', from: [...GROUND, 'shared/revocation', 'shared/ingest'] },
  { folder: 'shared/handover', from: [...GROUND, 'shared/revocation'] },
  {
    folder: 'shared/onboarding',
    from: [...GROUND, 'shared/envelope/kms', 'shared/revocation', 'shared/handover'],
  },
  { folder: 'shared/offboarding', from: [...GROUND, 'shared/revocation'] },
  { folder: 'shared/aws', from: [...GROUND, 'shared/envelope/kms'], packages: ['@aws-sdk'] },
  {
    folder: 'shared/lambda',
    from: [...GROUND, 'shared/envelope/cache', 'shared/envelope/kms', 'shared/revocation', 'shared/watch'],
  },
  {
    folder: 'shared/wiring',
    from: [
      ...GROUND,
      ...ENVELOPE,
      'shared/revocation',
      'shared/handover',
      ...USE_CASES,
      'shared/aws',
      'shared/lambda',
    ],
  },
  { folder: 'functions', from: ['shared/lambda', 'shared/wiring'] },
  { folder: 'cli/session', from: [], packages: ['@aws-sdk'] },
  {
    folder: 'cli/tenant',
    from: ['shared/tenant', 'shared/onboarding', 'shared/offboarding', 'cli/session'],
  },
  { folder: 'cli', from: ['cli/session', 'cli/tenant'] },
];

/** The AWS on a laptop knows nothing of the product. */
const DOUBLE: readonly Wall[] = [
  { folder: 'local/front', from: [] },
  { folder: 'local/iam', from: ['local/front'] },
  ...SERVICES.map((folder) => ({
    folder,
    from: ['local/front', 'local/iam'],
    packages: ['@aws-sdk'] as const,
  })),
  { folder: 'local/stack/template', from: ['local/front', 'local/iam'] },
  {
    folder: 'local/stack/resources',
    from: ['local/front', 'local/iam', ...SERVICES, 'local/stack/template'],
    packages: ['@aws-sdk'],
  },
  {
    folder: 'local/stack',
    from: ['local/front', 'local/iam', ...SERVICES, 'local/stack/template', 'local/stack/resources'],
    packages: ['@aws-sdk'],
  },
  { folder: 'local', from: ['local/front', 'local/iam', ...SERVICES, 'local/stack'] },
];

const WALLS = [...PRODUCT, ...DOUBLE];
/** Their folders all have a wall. */
const WALLED_ROOTS = ['functions', 'shared', 'cli', 'local'];
const ROOTS = [...WALLED_ROOTS, 'laptop', 'bench', 'test'];
const CODE_FOLDERS = codeFolders();

const config: OxlintConfig = defineConfig({
  plugins: ['typescript', 'unicorn', 'import', 'promise', 'vitest', 'node'],
  options: { typeAware: true },
  categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
  rules: {
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    'typescript/only-throw-error': ['error', { allowThrowingUnknown: true }],
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'no-await-in-loop': 'off',
    'import/no-named-as-default': 'off',
    'no-underscore-dangle': 'off',
    'unicorn/no-array-sort': 'off',
  },
  overrides: [
    ...WALLS.map(wallRule),
    // What travels together is one object.
    { files: ['{functions,shared,cli}/**'], rules: { 'max-params': ['error', { max: 3 }] } },
    {
      files: ['test/**'],
      rules: {
        'typescript/no-unsafe-type-assertion': 'off',
        'vitest/expect-expect': [
          'error',
          { assertFunctionNames: ['expect', '*Fails', 'pipeline.sealed*', 'pipeline.until', 'fc.assert'] },
        ],
      },
    },
  ],
  ignorePatterns: ['node_modules', '.serverless', '.esbuild', 'coverage'],
});
export default config;

/** Forbids every import that the wall does not name. The linter's regular expressions cannot say "all but". */
function wallRule({ folder, from, packages = [] }: Wall, at: number): Override {
  const late = from.filter((other) => !WALLS.slice(0, at).some((earlier) => earlier.folder === other));
  if (late.length > 0)
    throw new Error(`${folder} imports from ${late.join(', ')}, which must come before it`);
  const folders = CODE_FOLDERS.filter((other) => other !== folder && !from.includes(other)).map((other) => ({
    regex: `^${literally(relative(folder, other))}/[^/]+$`,
    message: `${folder} imports nothing from ${other}.`,
  }));
  const guarded = GUARDED.filter((name) => !packages.includes(name)).map((name) => ({
    regex: `^${name}/`,
    message: `${folder} imports nothing of ${name}.`,
  }));
  return {
    files: [`${folder}/*.ts`],
    rules: { 'no-restricted-imports': ['error', { patterns: [...folders, ...guarded] }] },
  };
}

/** Every folder with code in it, relative to this one. */
function codeFolders(): readonly string[] {
  const files = ROOTS.flatMap((root) =>
    readdirSync(path.join(import.meta.dirname, root), { recursive: true, encoding: 'utf8' }).map((file) =>
      path.posix.join(root, file),
    ),
  );
  const folders = new Set(
    files.filter((file) => file.endsWith('.ts')).map((file) => path.posix.dirname(file)),
  );
  const open = [...folders].filter(
    (folder) => isWalled(folder) && !WALLS.some((wall) => wall.folder === folder),
  );
  if (open.length > 0) throw new Error(`give a wall to ${open.join(', ')}, in oxlint.config.ts`);
  return [...folders];
}

function isWalled(folder: string): boolean {
  return WALLED_ROOTS.some((root) => folder === root || folder.startsWith(`${root}/`));
}

/** As an import says it. */
function relative(folder: string, other: string): string {
  const way = path.posix.relative(folder, other);
  return way.startsWith('.') ? way : `./${way}`;
}

function literally(text: string): string {
  return text.replaceAll('.', String.raw`\.`);
}
