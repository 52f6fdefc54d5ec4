import MiniSearch from 'minisearch';

/** A part of a page that a search found. */
export interface Found {
  /** Relative to the root of the site. */
  readonly href: string;
  readonly page: string;
  readonly title: string;
  /** The text around the first word that was found. */
  readonly excerpt: string;
}

/** What the build writes to `search.json`. */
interface Index {
  /** Path and title. */
  readonly pages: readonly (readonly [string, string])[];
  /** Number of the page, anchor, title and text. */
  readonly sections: readonly (readonly [number, string, string, string])[];
}

interface Section {
  readonly id: number;
  readonly page: string;
  readonly title: string;
  readonly text: string;
}

const MOST = 12;
const EXCERPT = 120;
/** Letters and digits, and names with `_` or `-`, which also count by their parts. */
const WORD = /[\p{L}\p{N}_-]+/gu;
/** Sections that are indexed before the browser may do something else. */
const CHUNK = 200;

/** The full text of all pages. */
export class Search {
  readonly #index: Index;
  readonly #engine: MiniSearch<Section>;

  private constructor(index: Index) {
    this.#index = index;
    this.#engine = new MiniSearch<Section>({
      fields: ['title', 'page', 'text'],
      tokenize: (text) =>
        [...text.matchAll(WORD)].flatMap(([word]) => {
          const parts = word.split(/[_-]+/).filter((part) => part !== '');
          return parts.length > 1 ? [word, ...parts] : parts;
        }),
      searchOptions: {
        boost: { title: 4, page: 2 },
        combineWith: 'AND',
        prefix: (term) => term.length > 2,
        fuzzy: (term) => (term.length > 5 ? 0.2 : false),
      },
    });
  }

  /** @throws {Error} the file cannot be read */
  static async load(url: string): Promise<Search> {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url} was answered with ${answer.status}`);
    const search = new Search(await answer.json());
    await search.#engine.addAllAsync(
      search.#index.sections.map(([page, , title, text], id) => ({
        id,
        title,
        text,
        page: search.#index.pages[page]?.[1] ?? '',
      })),
      { chunkSize: CHUNK },
    );
    return search;
  }

  /** Returns the best sections, at most 12, the best first. */
  find(query: string): Found[] {
    return this.#engine
      .search(query)
      .slice(0, MOST)
      .flatMap(({ id, terms }) => {
        const [page = 0, anchor, title = '', text = ''] = this.#index.sections[id] ?? [];
        const [path, name] = this.#index.pages[page] ?? [];
        if (path === undefined || name === undefined) return [];
        return [{ href: `${path}#${anchor}`, page: name, title, excerpt: excerptOf(text, terms) }];
      });
  }
}

function excerptOf(text: string, terms: readonly string[]): string {
  const lower = text.toLowerCase();
  const at = Math.min(...terms.map((term) => lower.indexOf(term)).filter((found) => found >= 0), text.length);
  const from = at === text.length ? 0 : Math.max(0, text.lastIndexOf(' ', Math.max(0, at - EXCERPT / 4)) + 1);
  const part = text.slice(from, from + EXCERPT);
  return `${from > 0 ? '… ' : ''}${part}${from + EXCERPT < text.length ? ' …' : ''}`;
}
