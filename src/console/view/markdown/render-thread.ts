import { parentPort } from 'node:worker_threads';
import { render } from './render.ts';

/** Answers every Markdown text with its HTML. The first message says that the thread is ready. */
parentPort!.on('message', (markdown: string) => parentPort!.postMessage(render(markdown)));
parentPort!.postMessage('ready');
