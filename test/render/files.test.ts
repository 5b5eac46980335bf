import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import type { PageFile } from '../../src/scrape/types.ts';
import { BROWSER, noBrowser } from '../support/browser/browser.ts';
import { startReceiver } from '../support/receiver.ts';
import type { TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';
import { page, startSite, type Site } from '../support/site.ts';

/** Colours that no picture format makes small. */
const NOISE = `<!doctype html><title>Noise</title><style>body{margin:0}canvas{display:block}</style>
<p>A page of noise, with words enough to be read by somebody.</p><script>
  const part = document.createElement('canvas').getContext('2d');
  for (let n = 0; n < 4; n++) {
    const canvas = document.createElement('canvas');
    canvas.width = 1280;
    canvas.height = 2000;
    const pixels = part.createImageData(1280, 2000);
    for (let i = 0; i < pixels.data.length; i += 65536)
      crypto.getRandomValues(pixels.data.subarray(i, Math.min(i + 65536, pixels.data.length)));
    for (let i = 3; i < pixels.data.length; i += 4) pixels.data[i] = 255;
    canvas.getContext('2d').putImageData(pixels, 0, 0);
    document.body.append(canvas);
  }
</script>`;

const STEPS = `<!doctype html><title>Steps</title><body style="margin:0;background:#f00"><main>
<p>A page that changes its colour when its button is pressed.</p><button>Change</button></main>
<script>document.querySelector('button').onclick = () => { document.body.style.background = '#00f'; };</script>`;

/** Width and height, as a PNG says them. */
function sizeOfPng(bytes: Buffer): [number, number] {
  assert.equal(bytes.subarray(1, 4).toString('latin1'), 'PNG');
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

describe('files of rendered pages', { skip: noBrowser }, () => {
  let service: TestService;
  let site: Site;
  before(async () => {
    // A place that was not given back would keep every later page waiting.
    service = await shareTestService({ CHROMIUM_PATH: BROWSER, RENDER_CONCURRENCY: '1' });
    const picture = Buffer.from('R0lGODlhAQABAPAAAP8AAP///yH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');
    site = await startSite({
      '/': page('Home', 'A page with words enough to be read by anybody. <img src="/picture.gif">'),
      '/picture.gif': { headers: { 'content-type': 'image/gif' }, body: picture },
      '/tall':
        '<!doctype html><title>Tall</title><body style="margin:0"><p>Top.</p><div style="height:3000px"></div>',
      '/endless':
        '<!doctype html><title>Endless</title><body style="margin:0"><p>Top.</p><div style="height:90000px"></div>',
      '/wide':
        '<!doctype html><title>Wide</title><body><p>Not made for a phone.</p><div style="width:900px">wide</div>',
      '/noise': NOISE,
      '/steps': STEPS,
      '/data.json': { headers: { 'content-type': 'application/json' }, body: '{"plain":"data"}' },
    });
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  });

  /** The block of a rendered page, however long the machine takes. */
  const scrape = async (path: string, options: object) => {
    const body = { url: site.url(path), render: true, timeout_ms: 60_000, ...options };
    const { result } = await service.api.finished(await service.api.queue('/v1/scrape/async', body));
    assert.equal(result.status, 'ok', JSON.stringify(result.error));
    return result;
  };

  /** Reads a file with the headers, as the API answers it. */
  const read = async (
    path: string,
    headers: Record<string, string> = {},
    { key = service.account.key, method = 'GET' } = {},
  ) => {
    const init = { method, headers: { authorization: `Bearer ${key}`, ...headers } };
    const response = await fetch(service.api.origin + path, init);
    return { response, status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
  };

  /** Reads a whole file, and checks that it is what its block says. */
  const contentOf = async ({ path, type, bytes: length, sha256 }: PageFile): Promise<Buffer> => {
    const { response, status, bytes } = await read(path);
    assert.deepEqual([status, response.headers.get('content-type')], [200, type]);
    assert.deepEqual([bytes.length, hash('sha256', bytes)], [length, sha256]);
    return bytes;
  };

  test('a screenshot and a PDF are files of the job, and the block says where they are', async () => {
    const block = await scrape('/', { screenshot: true, pdf: true });
    const [picture, print] = block.files as [PageFile, PageFile];
    assert.deepEqual([picture.name, print.name], ['0-screenshot.png', '0-page.pdf']);
    assert.deepEqual([picture.width, picture.height, picture.truncated], [1280, 800, undefined]);
    assert.deepEqual(sizeOfPng(await contentOf(picture)), [1280, 800]);
    assert.match((await contentOf(print)).toString('latin1'), /^%PDF-/);
    assert.equal(block.file_errors, undefined);
    // Pictures are part of what is seen.
    assert.ok(site.requests.some(({ path }) => path === '/picture.gif'));
  });

  test('a file is read in parts, once per version, and by its account alone', async () => {
    const { files } = await scrape('/', { screenshot: true });
    const [{ path, bytes, sha256 }] = files;
    const etag = `"${sha256}"`;
    const whole = await read(path);
    assert.equal(whole.response.headers.get('etag'), etag);
    assert.equal(whole.response.headers.get('x-content-type-options'), 'nosniff');
    assert.match(whole.response.headers.get('content-security-policy')!, /sandbox/);
    assert.match(whole.response.headers.get('content-disposition')!, /filename="0-screenshot\.png"/);

    const part = await read(path, { range: 'bytes=10-99' });
    assert.equal(part.status, 206);
    assert.equal(part.response.headers.get('content-range'), `bytes 10-99/${bytes}`);
    assert.deepEqual(part.bytes, whole.bytes.subarray(10, 100));
    const last = await read(path, { range: 'bytes=-20', 'if-range': etag });
    assert.deepEqual([last.status, last.bytes], [206, whole.bytes.subarray(-20)]);
    for (const headers of [
      { range: 'bytes=0-9', 'if-range': '"another"' },
      { range: 'bytes=0-9', 'if-range': `W/${etag}` },
      { range: 'bytes=0-9,20-29' },
      { range: 'lines=1-2' },
    ] as Record<string, string>[]) {
      const all = await read(path, headers);
      assert.deepEqual([all.status, all.bytes.length], [200, bytes], JSON.stringify(headers));
    }
    const beyond = await service.api('GET', path, undefined, { range: `bytes=${bytes}-` });
    assert.deepEqual([beyond.status, beyond.json.code], [416, 'range_not_satisfiable']);
    assert.equal(beyond.headers.get('content-range'), `bytes */${bytes}`);

    assert.equal((await read(path, { 'if-none-match': etag })).status, 304);
    const head = await read(path, {}, { method: 'HEAD' });
    assert.equal(head.response.headers.get('content-length'), String(bytes));
    assert.deepEqual([head.status, head.bytes.length], [200, 0]);

    const stranger = await service.createAccount();
    const [job] = path.split('/files/');
    for (const [api, at] of [
      [stranger.api, path],
      [service.api, `${job}/files/0-another.png`],
      [service.api, `${job}/files/..%2F0-screenshot.png`],
    ] as const)
      assert.equal((await api('GET', at)).status, 404);
    assert.equal((await read(path, {}, { key: 'ok_unknown_key_of_nobody' })).status, 401);
  });

  test('all of a page in one picture, in three formats, down to where a browser paints', async () => {
    const full = { full_page: true };
    const [png] = (await scrape('/tall', { screenshot: full })).files as [PageFile];
    assert.deepEqual(sizeOfPng(await contentOf(png)), [png.width, png.height]);
    assert.ok(png.height! > 3000 && png.height! < 3200 && png.truncated === undefined);

    const jpeg = { ...full, format: 'jpeg', quality: 60 };
    const [endless] = (await scrape('/endless', { screenshot: jpeg })).files as [PageFile];
    assert.deepEqual([endless.name, endless.height, endless.truncated], ['0-screenshot.jpeg', 16_384, true]);
    assert.deepEqual([...(await contentOf(endless)).subarray(0, 3)], [0xff, 0xd8, 0xff]);

    const [webp] = (await scrape('/', { screenshot: { format: 'webp' } })).files as [PageFile];
    assert.equal((await contentOf(webp)).subarray(8, 12).toString(), 'WEBP');
  });

  test('the size that is said is that of the picture, on a phone too', async () => {
    for (const full_page of [false, true]) {
      const options = { mobile: true, screenshot: { full_page } };
      const [file] = (await scrape('/wide', options)).files as [PageFile];
      assert.deepEqual(sizeOfPng(await contentOf(file)), [file.width, file.height]);
    }
  });

  test('actions take pictures between other steps', async () => {
    const shot = { type: 'screenshot' };
    const actions = [shot, { type: 'click', selector: 'button' }, { ...shot, format: 'webp' }];
    const { files } = await scrape('/steps', { actions, screenshot: true });
    assert.deepEqual(
      files.map(({ name }: PageFile) => name),
      ['0-screenshot-1.png', '0-screenshot-2.webp', '0-screenshot.png'],
    );
    const [first, , last] = await Promise.all(files.map(contentOf));
    assert.notDeepEqual(first, last);
  });

  test('a file that is too large is an error in the block, and the page is there', async () => {
    const largest = { full_page: true, format: 'jpeg', quality: 100 };
    const block = await scrape('/noise', { screenshot: largest });
    assert.equal(block.files, undefined);
    assert.deepEqual(
      block.file_errors.map(({ name, code }: { name: string; code: string }) => [name, code]),
      [['0-screenshot.jpeg', 'too_large']],
    );
    assert.match(block.markdown, /words enough/);

    // Each of them is some 3 MB.
    const windows = Array.from({ length: 8 }, () => ({ type: 'screenshot' }));
    const several = await scrape('/noise', { actions: windows });
    const bytes = several.files.reduce((sum: number, file: PageFile) => sum + file.bytes, 0);
    assert.ok(several.files.length < 8 && bytes <= 20 * 1024 * 1024);
    assert.equal(several.files.length + several.file_errors.length, 8);
  });

  test('a batch: names are unique in the job, a page that is not rendered has no files, the callback says the same', async () => {
    await using receiver = await startReceiver();
    const urls = ['/', '/data.json', '/tall'].map((path) => site.url(path));
    const id = await service.api.queue('/v1/scrape/batch/async', {
      urls,
      render: true,
      timeout_ms: 60_000,
      screenshot: true,
      max_age_seconds: 3600,
      webhook_url: receiver.url(),
    });
    const job = await service.api.finished(id);
    const names = job.result.pages.map(({ files }: { files?: PageFile[] }) => files?.[0]?.name);
    assert.deepEqual(names, ['0-screenshot.png', undefined, '2-screenshot.png']);
    for (const { files = [] } of job.result.pages) for (const file of files) await contentOf(file);
    const [callback] = await receiver.received(1);
    assert.deepEqual(JSON.parse(callback!.body.toString()).result, job.result);
    const { rows } = await sql<{ name: string; bytes: number }>`
      select name, bytes from files where job_id = ${id} order by name`.execute(service.db);
    assert.deepEqual(
      rows,
      job.result.pages.flatMap(({ files = [] }: { files?: PageFile[] }) =>
        files.map(({ name, bytes }) => ({ name, bytes })),
      ),
    );
  });

  test('auto makes files of the pages that it renders', async () => {
    const app =
      '<div id="root"></div><script>root.innerHTML = "<p>Words that a script wrote, to be read.</p>"</script>';
    site.routes.set('/app', app);
    const options = { render: 'auto', screenshot: true };
    const [rendered, plain] = [await scrape('/app', options), await scrape('/', options)];
    assert.deepEqual([rendered.rendered, rendered.files?.length], [true, 1]);
    assert.deepEqual([plain.rendered, plain.files], [undefined, undefined]);
  });

  test('a synchronous answer has the same block, and its files are there', async () => {
    const body = { url: site.url('/'), render: true, timeout_ms: 25_000, screenshot: true };
    const { json } = await service.api('POST', '/v1/scrape', body);
    await contentOf(json.files[0]);
  });

  test('what would be unused, or is impossible, is refused by name', async () => {
    for (const [path, options] of [
      ['screenshot', { screenshot: true }],
      ['pdf', { pdf: true }],
      ['screenshot.quality', { render: true, screenshot: { quality: 50 } }],
      ['screenshot.format', { render: true, screenshot: { format: 'gif' } }],
      ['actions[0].quality', { render: true, actions: [{ type: 'screenshot', quality: 50 }] }],
    ] as const) {
      const { status, json } = await service.api('POST', '/v1/scrape', { url: site.url('/'), ...options });
      assert.deepEqual([status, json.errors[0].path], [422, path]);
    }
  });
});
