/** The surroundings of `npm start`; nothing in them is required. */
export const environment: Readonly<Record<string, string | undefined>> = process.env;
