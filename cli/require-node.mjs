// Preloaded by every npm script, in plain JavaScript so that an old Node can still say what it lacks.
const NEEDED = 24;
const found = Number(process.versions.node.split('.')[0]);
if (found < NEEDED) {
  console.error(
    `Sealstream is made for Node.js ${NEEDED}, the Lambda runtime's; this is ${process.version}.\n` +
      `On Linux (x64, arm64) \`npm ci\` brings Node.js ${NEEDED} along: run it without --omit=optional.\n` +
      `On other systems install Node.js ${NEEDED} or newer: https://nodejs.org/en/download`,
  );
  process.exit(1);
}
