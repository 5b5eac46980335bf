import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { compile } from 'svelte/compiler';
import { compileScript, parse } from 'vue/compiler-sfc';

const SOURCES = join(import.meta.dirname, 'sources');
/** The scripts that pages load. What several of them import is built once. */
const ENTRIES = [
  'react',
  'vue',
  'svelte',
  'preact',
  'solid',
  'lit',
  'hydrate',
  'endless',
  'consent',
  'gallery',
].map((name) => join(SOURCES, `${name}.js`));

const svelte: Plugin = {
  name: 'svelte',
  setup: (bundle) =>
    bundle.onLoad({ filter: /\.svelte$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      return { contents: compile(source, { css: 'injected', filename: path }).js.code };
    }),
};

const vue: Plugin = {
  name: 'vue',
  setup: (bundle) =>
    bundle.onLoad({ filter: /\.vue$/ }, async ({ path }) => {
      const { descriptor } = parse(await readFile(path, 'utf8'), { filename: path });
      return { contents: compileScript(descriptor, { id: basename(path), inlineTemplate: true }).content };
    }),
};

/** Builds the applications as their authors do for production. Returns each script by its name. */
export async function buildApps(): Promise<Map<string, string>> {
  const { outputFiles } = await build({
    entryPoints: ENTRIES,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    write: false,
    outdir: '/',
    conditions: ['browser', 'production'],
    define: {
      'process.env.NODE_ENV': '"production"',
      __VUE_OPTIONS_API__: 'true',
      __VUE_PROD_DEVTOOLS__: 'false',
    },
    plugins: [svelte, vue],
  });
  return new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
}
