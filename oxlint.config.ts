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

interface Pattern {
  readonly regex: string;
  readonly message: string;
}

type Override = NonNullable<OxlintConfig['overrides']>[number];
type GuardedPackage = '@aws-sdk' | '@aws-crypto';
/** The scopes of each guarded package: `@smithy` has the parts that the AWS SDK is made of. */
const GUARDED: Readonly<Record<GuardedPackage, string>> = {
  '@aws-sdk': '@(aws-sdk|smithy)',
  '@aws-crypto': '@aws-crypto',
};

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
  { folder: 'local/sqlite', from: [] },
  ...SERVICES.map((folder) => ({
    folder,
    from: ['local/front', 'local/iam', 'local/sqlite'],
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
/** No walled folder imports from these, whatever folder or file of theirs. */
const OPEN_ROOTS = ['laptop', 'bench', 'test'];
const ROOTS = [...WALLED_ROOTS, ...OPEN_ROOTS];
const CODE = '[cm]?[jt]s';
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
    // An annotation `import('…').Type` is an import that the walls do not see.
    'typescript/consistent-type-imports': ['error', { disallowTypeAnnotations: true }],
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
  const folders = CODE_FOLDERS.filter((other) => other !== folder && !from.includes(other)).map((other) =>
    forbid(`^${literally(relative(folder, other))}/[^/]+$`, `${folder} imports nothing from ${other}.`),
  );
  const roots = OPEN_ROOTS.map((root) =>
    forbid(`^${literally(relative(folder, root))}/`, `${folder} imports nothing from ${root}.`),
  );
  const guarded = Object.entries(GUARDED)
    .filter(([name]) => !packages.some((allowed) => allowed === name))
    .map(([name, scope]) => forbid(`^${scope}(/|$)`, `${folder} imports nothing of ${name}.`));
  const patterns = [...folders, ...roots, ...guarded, ...roundabout(folder), ...unseen(folder)];
  return {
    files: [`${folder}/*.{ts,mts,cts,js,mjs,cjs}`],
    rules: { 'no-restricted-imports': ['error', { patterns }] },
  };
}

function forbid(regex: string, message: string): Pattern {
  return { regex, message };
}

/** Forbids every spelling of a path but the shortest, because the walls compare spellings. */
function roundabout(folder: string): readonly Pattern[] {
  const message = 'Spell the path in its shortest form.';
  const names = folder.split('/').toReversed();
  return [
    forbid(String.raw`^\.{1,2}/(.*/)?/`, message),
    forbid(String.raw`^\./\.`, message),
    forbid(String.raw`^\.{1,2}/(.*[^./][^/]*/)?\./`, message),
    forbid(String.raw`[^./][^/]*/\.\.(/|$)`, message),
    // A path that climbs out of a folder and returns to it.
    ...names.map((name, at) => forbid(`^${String.raw`(\.\./)`}{${at + 1}}${literally(name)}/`, message)),
    forbid(
      '^(/|[a-z]:|file:|data:)|node_modules',
      'Import a package by its name, and a file by its relative path.',
    ),
  ];
}

/** Forbids the code in the root folder; in code that is deployed also imports that are calls, which no wall sees. */
function unseen(folder: string): readonly Pattern[] {
  const root = path.posix.relative(folder, '.');
  const configuration = forbid(
    String.raw`^${literally(root)}/[^/]+\.${CODE}$`,
    `${folder} imports no configuration.`,
  );
  if (!/^(shared|functions)\b/u.test(folder)) return [configuration];
  return [configuration, forbid('^(node:)?module$', 'The walls do not see what `createRequire` imports.')];
}

/** Every folder with code in it, relative to this one. */
function codeFolders(): readonly string[] {
  const files = ROOTS.flatMap((root) =>
    readdirSync(path.join(import.meta.dirname, root), { recursive: true, encoding: 'utf8' }).map((file) =>
      path.posix.join(root, file),
    ),
  );
  const folders = new Set(
    files
      .filter((file) => new RegExp(String.raw`\.${CODE}$`, 'u').test(file))
      .map((file) => path.posix.dirname(file)),
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

/** Returns the path from one folder to the other, as an import writes it. */
function relative(folder: string, other: string): string {
  const way = path.posix.relative(folder, other);
  return way.startsWith('.') ? way : `./${way}`;
}

function literally(text: string): string {
  return text.replaceAll('.', String.raw`\.`);
}
