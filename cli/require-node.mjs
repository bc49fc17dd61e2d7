// Every npm script preloads this file. It is plain JavaScript, so that an old Node.js can run it and print the message.
const NEEDED = 24;
const found = Number(process.versions.node.split('.')[0]);
if (found < NEEDED) {
  console.error(
    `Sealstream needs Node.js ${NEEDED}, as the Lambda runtime has it; this is ${process.version}.\n` +
      `On Linux (x64, arm64) \`npm ci\` installs Node.js ${NEEDED} too: run it without --omit=optional.\n` +
      `On other systems install Node.js ${NEEDED} or newer: https://nodejs.org/en/download`,
  );
  process.exit(1);
}
