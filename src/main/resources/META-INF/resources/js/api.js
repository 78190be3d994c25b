// The admin API. A token, where one is needed, lives in this tab's session storage and nowhere else.

const TOKEN = "caravan.token";

export class ApiError extends Error {
  constructor(status, title, detail) {
    super(detail ? `${title}: ${detail}` : title);
    this.status = status;
  }
}

export const token = {
  get: () => sessionStorage.getItem(TOKEN),
  set: (value) => sessionStorage.setItem(TOKEN, value),
  clear: () => sessionStorage.removeItem(TOKEN),
};

/** A request with the token; what is no success is an ApiError that says the API's own words. */
export async function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (token.get()) headers.Authorization = `Bearer ${token.get()}`;
  const response = await fetch(path, { cache: "no-store", ...options, headers });
  if (!response.ok) throw await errorOf(response);
  return response;
}

async function errorOf(response) {
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    // Not JSON: the status says enough.
  }
  const title = problem.title ?? problem.error ?? said(response.status);
  return new ApiError(response.status, String(title), problem.detail ? String(problem.detail) : "");
}

function said(status) {
  if (status === 401) return "This needs an API token";
  if (status === 403) return "You may not do this";
  return `The gateway answered ${status}`;
}

const server = (name) => `admin/servers/${encodeURIComponent(name)}`;

const put = (path, body) =>
  ask(path, {
    method: "PUT",
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
  });
const remove = (path) => ask(path, { method: "DELETE" });

export const api = {
  history: async (kind, name) => (await ask(`admin/history?${kind}=${encodeURIComponent(name)}`)).json(),
  source: async (file) => (await ask(`admin/routes/source?file=${encodeURIComponent(file)}`)).text(),
  drain: (name) => put(`${server(name)}/drain`),
  eject: (name) => put(`${server(name)}/eject`),
  weigh: (name, weight) => put(`${server(name)}/weight`, { weight }),
  undrain: (name) => remove(`${server(name)}/drain`),
  uneject: (name) => remove(`${server(name)}/eject`),
  unweigh: (name) => remove(`${server(name)}/weight`),
  probe: async (name) => (await put(`${server(name)}/probe`)).json(),
  liftAll: () => remove("admin/overrides"),
};
