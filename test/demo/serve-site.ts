import { createServer } from 'node:http';
import { HTML, windsPages } from './winds.ts';

/** Serves the demo's small site until it is stopped: pages to scrape without a network. */
const PORT = Number(process.env.PORT ?? 8080);
const pages = windsPages();

createServer((req, res) => {
  const html = pages.get(req.url ?? '/');
  res.writeHead(html === undefined ? 404 : 200, HTML).end(html ?? '<h1>Not found</h1>');
}).listen(PORT, '127.0.0.1', () => console.log(`${pages.size} pages at http://localhost:${PORT}`));
