// The server of the examples: says when it is ready, ends when its input does or it is told to.
console.log('listening');
process.once('SIGTERM', () => process.exit(0));
setInterval(() => undefined, 60_000);
