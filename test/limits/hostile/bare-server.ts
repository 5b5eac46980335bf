import { createServer } from 'node:http';
import { parentPort } from 'node:worker_threads';
import { listen } from '../../support/net/listen.ts';

/**
 * A thread that serves one word and does nothing else: how late its answers are is the machine's
 * doing.
 */
parentPort!.postMessage(await listen(createServer((_request, response) => response.end('here'))));
