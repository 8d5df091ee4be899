const pageSize = 100;

/**
 * Every entry of a list that GitHub gives in pages of 100.
 *
 * @throws past `pageLimit` pages, so that a list without end cannot hold a worker for ever
 */
export async function allPages<T>(
  page: (parameters: { readonly per_page: number; readonly page: number }) => Promise<readonly T[]>,
  pageLimit: number,
): Promise<readonly T[]> {
  const entries: T[] = [];
  for (let number = 1; number <= pageLimit; number += 1) {
    const found = await page({ per_page: pageSize, page: number });
    entries.push(...found);
    if (found.length < pageSize) return entries;
  }
  throw new Error(`A list of GitHub's has more than ${pageLimit * pageSize} entries, which is more than Slipway reads`);
}
