import { createRoot } from "react-dom/client";
import { createStitchClient, embeddedModel } from "../../workers/client.ts";
import { createJobs } from "./jobs/jobs.ts";
import { persistentPairCache } from "./jobs/pair-cache.ts";
import { browserSavePlace } from "./jobs/save-place.ts";
import { persistentSessionStore } from "./jobs/session-store.ts";
import { createAppStore } from "./state/store.ts";
import { AppContext } from "./ui/app-context.ts";
import { App } from "./ui/App.tsx";
import "./ui/tokens.css";
import "./ui/app.css";

/** Hash of the code that makes pair results, set by vite.config.ts. */
const codeVersion = String(import.meta.env.VITE_RESULT_CODE);

function start(): void {
  const root = document.getElementById("root");
  if (!root) throw new Error("index.html has no #root");
  const store = createAppStore();
  const client = createStitchClient();
  const jobs = createJobs({
    store,
    client,
    cache: persistentPairCache(codeVersion),
    place: browserSavePlace(window),
    sessions: persistentSessionStore(),
    wallClock: () => Date.now(),
    embeddedModel: embeddedModel(),
    now: () => performance.now(),
  });
  void jobs.session.start();
  createRoot(root).render(
    <AppContext value={{ store, jobs, client }}>
      <App />
    </AppContext>,
  );
}

start();
