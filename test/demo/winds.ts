import { startSite, type Route, type Site } from '../support/site.ts';

/** Name, shore, direction and character. */
const WINDS: [name: string, shore: string, from: string, character: string][] = [
  [
    'Bora',
    'Adriatic',
    'north-east',
    'Falls over the coastal mountains, cold and in gusts, and flattens the sea before it.',
  ],
  [
    'Maestral',
    'Adriatic',
    'north-west',
    'Rises on summer mornings and sets with the sun; sailors plan their day by it.',
  ],
  [
    'Jugo',
    'Adriatic',
    'south-east',
    'Blows for days under a grey sky, steady and damp, and builds a long swell.',
  ],
  [
    'Mistral',
    'Mediterranean',
    'north-west',
    'Pours down a river valley to the coast and leaves the air clear and dry.',
  ],
  [
    'Tramontana',
    'Mediterranean',
    'north',
    'Comes from beyond the mountains, as its name says, and sweeps the sky blue.',
  ],
  [
    'Levante',
    'Mediterranean',
    'east',
    'Is squeezed through the strait and hangs a cloud on the rock above it.',
  ],
  [
    'Sirocco',
    'Mediterranean',
    'south',
    'Leaves the desert dry, crosses the sea, and arrives warm, wet and dusty.',
  ],
  ['Libeccio', 'Mediterranean', 'south-west', 'Brings high seas in every season and squalls in autumn.'],
  [
    'Gregale',
    'Mediterranean',
    'north-east',
    'Is strongest in winter, and no friend of harbours that open to the east.',
  ],
  [
    'Meltemi',
    'Aegean',
    'north',
    'Blows through the islands from June to September, mostly under a cloudless sky.',
  ],
  ['Poyraz', 'Black Sea', 'north-east', 'Cools the straits in summer and closes them in winter.'],
  [
    'Nor’easter',
    'Atlantic',
    'north-east',
    'Is a storm named for its wind: snow in winter, and surf all along the coast.',
  ],
  [
    'Pampero',
    'Atlantic',
    'south-west',
    'Runs over the grasslands behind a line of cloud and drops the heat in an hour.',
  ],
  ['Harmattan', 'Atlantic', 'north-east', 'Carries fine dust to the coast and dims the sun for days.'],
  [
    'Cape Doctor',
    'Atlantic',
    'south-east',
    'Blows the haze off the bay and lays a cloth of cloud on the mountain.',
  ],
  ['Papagayo', 'Pacific', 'north-east', 'Finds a gap in the hills and stirs cold water up to the surface.'],
  [
    'Santa Ana',
    'Pacific',
    'north-east',
    'Descends from the high desert, hot and dry, and makes small fires large.',
  ],
  ['Brickfielder', 'Pacific', 'north', 'Brings the heat and the dust of the interior down to the coast.'],
  [
    'Southerly Buster',
    'Pacific',
    'south',
    'Ends a hot day within minutes; one sees it come by its roll of cloud.',
  ],
  ['Williwaw', 'Pacific', 'any', 'Drops off a mountain into a narrow water without a warning.'],
  ['Shamal', 'Indian Ocean', 'north-west', 'Raises sand along the gulf and holds the ships in port.'],
  [
    'Kharif',
    'Indian Ocean',
    'south-west',
    'Follows the monsoon along a dry coast, hardest in the hours before dawn.',
  ],
  ['Barat', 'Indian Ocean', 'north-west', 'Comes with the rains, in heavy squalls, from December on.'],
  [
    'Elephanta',
    'Indian Ocean',
    'south-east',
    'Marks the end of the monsoon with thunder and a last strong blow.',
  ],
];

/** How long the site takes per page. */
export const SECONDS_A_PAGE = 0.12;

export interface WindsSite extends Site {
  /** The URLs of the pages about one wind each. */
  winds: string[];
  /** How many pages there are in all. */
  size: number;
}

/** Starts the guide to the winds on a free loopback port. */
export async function startWindsSite(): Promise<WindsSite> {
  const pages = windsPages();
  const site = await startSite(Object.fromEntries([...pages].map(([path, html]) => [path, slowly(html)])));
  const winds = [...pages.keys()].filter((path) => path.startsWith('/winds/'));
  return Object.assign(site, { winds: winds.map((path) => site.url(path)), size: pages.size });
}

function slowly(html: string): Route {
  return (_req, res) => void setTimeout(() => res.writeHead(200, HTML).end(html), SECONDS_A_PAGE * 1000);
}

export const HTML = { 'content-type': 'text/html; charset=utf-8' };

/**
 * A small guide to the winds, by path: a page for each wind, one for each shore, and a front page.
 */
export function windsPages(): Map<string, string> {
  const shores = [...new Set(WINDS.map(([, shore]) => shore))];
  const pages = new Map<string, string>();
  const front = `<p>Twenty-four winds that have a name.</p>${list(shores, pathOf)}`;
  pages.set('/', page('A small guide to the winds', front));
  for (const shore of shores) {
    const names = WINDS.filter(([, each]) => each === shore).map(([name]) => name);
    pages.set(pathOf(shore), page(shore, `<p>Winds of this shore:</p>${list(names, windPathOf)}`));
  }
  for (const [name, shore, from, character] of WINDS) {
    const facts = `<table><tr><th>Shore</th><th>From</th></tr><tr><td>${shore}</td><td>${from}</td></tr></table>`;
    const more = `<p>More winds of the <a href="${pathOf(shore)}">${shore}</a>.</p>`;
    pages.set(windPathOf(name), page(name, `<p>${character}</p>${facts}${more}`));
  }
  return pages;
}

const pathOf = (name: string) => `/${name.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`;
const windPathOf = (name: string) => `/winds${pathOf(name)}`;

function list(names: string[], path: (name: string) => string): string {
  return `<ul>${names.map((name) => `<li><a href="${path(name)}">${name}</a></li>`).join('')}</ul>`;
}

function page(title: string, content: string): string {
  return `<!doctype html><html lang="en"><head><title>${title}</title></head>
<body><nav><a href="/">All winds</a></nav><main><h1>${title}</h1>${content}</main></body></html>`;
}
