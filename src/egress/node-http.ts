/**
 * What is used of `node:http`. An import of it in an ES module evaluates everything that it
 * exports, and `WebSocket` among that loads an HTTP client that nobody here uses: 48 ms of CPU and
 * 13 MB in the process and again in each worker thread.
 */
export const { createServer } = process.getBuiltinModule('node:http');
