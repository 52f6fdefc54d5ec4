// The search of the site. Without this script the pages work, but for the search, which stays hidden.
import type { Found, Search } from './search.js';

const box = document.querySelector<HTMLElement>('header search');
const input = box?.querySelector('input');
const panel = box?.querySelector<HTMLElement>('.found');
const status = panel?.querySelector('p');
const list = panel?.querySelector('ul');
if (box && input && panel && status && list) offerSearch({ box, input, panel, status, list });

interface Parts {
  readonly box: HTMLElement;
  readonly input: HTMLInputElement;
  readonly panel: HTMLElement;
  readonly status: HTMLElement;
  readonly list: HTMLElement;
}

function offerSearch({ box, input, panel, status, list }: Parts): void {
  const { index = '', root = '' } = box.dataset;
  let loading: Promise<Search> | undefined;
  /** The texts are read when a reader turns to the search. */
  const load = (): Promise<Search> => {
    loading ??= import('./search.js').then(({ Search }) => Search.load(index));
    // The next key tries again.
    loading.catch(() => {
      loading = undefined;
    });
    return loading;
  };
  const show = (text: string, found: readonly Found[]): void => {
    status.textContent = text;
    list.replaceChildren(...found.map((each) => itemOf(each, root)));
    panel.hidden = false;
  };
  const search = async (): Promise<void> => {
    const query = input.value.trim();
    panel.hidden = query === '';
    if (query === '') return;
    try {
      const ready = await load();
      if (input.value.trim() !== query) return;
      const found = ready.find(query);
      const count = `${found.length} ${found.length === 1 ? 'section' : 'sections'}`;
      show(found.length === 0 ? `Nothing about “${query}”` : count, found);
    } catch {
      show('The search cannot be loaded. Try again.', []);
    }
  };
  const links = (): HTMLAnchorElement[] => [...list.querySelectorAll('a')];

  box.hidden = false;
  input.addEventListener('focus', () => void load().catch(() => undefined));
  input.addEventListener('input', () => void search());
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') links()[0]?.click();
  });
  box.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape') {
      panel.hidden = true;
      input.focus();
    }
    if (step === undefined || panel.hidden) return;
    event.preventDefault();
    const places: (Element | null)[] = [input, ...links()];
    const at = places.indexOf(document.activeElement);
    const next = places[(at + step + places.length) % places.length];
    if (next instanceof HTMLElement) next.focus();
  });
  box.addEventListener('click', ({ target }) => {
    // A link to another place on this page.
    if (target instanceof Element && target.closest('a') !== null) panel.hidden = true;
  });
  document.addEventListener('click', ({ target }) => {
    if (target instanceof Node && !box.contains(target)) panel.hidden = true;
  });
  document.addEventListener('keydown', (event) => {
    const typing = event.target instanceof HTMLInputElement;
    if (event.key !== '/' || typing || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    input.focus();
  });
}

function itemOf({ href, page, title, excerpt }: Found, root: string): HTMLElement {
  const item = document.createElement('li');
  const link = document.createElement('a');
  link.href = root === '' ? href : `${root}/${href}`.replace('//', '/');
  const heading = document.createElement('strong');
  heading.textContent = title === page ? page : `${page} › ${title}`;
  const text = document.createElement('span');
  text.textContent = excerpt;
  link.append(heading, text);
  item.append(link);
  return item;
}
