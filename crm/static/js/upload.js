// Files of builds go up in pieces, by tus: what breaks off goes on where it stopped, also after the browser was closed.
const form = document.getElementById("upload");
const shown = document.getElementById("upload-progress");
const PIECE = 16 * 1024 * 1024;
const PAUSES = [0, 1000, 3000, 5000, 10000, 30000, 60000];

const put = (selector, text) => { shown.querySelector(selector).textContent = text; };

const told = (error) => {
  const answer = error.originalResponse?.getBody() ?? "";
  const page = new DOMParser().parseFromString(answer, "text/html");
  return page.querySelector(".trouble .lead, .trouble p:not(.trouble-code)")?.textContent.trim() || error.message;
};

const failed = (error) => {
  put("[role=status]", told(error));
  const status = error.originalResponse?.getStatus() ?? 0;
  const forGood = status >= 400 && status < 500 && ![408, 423, 429].includes(status);
  shown.querySelector("[data-pause]").hidden = true;
  shown.querySelector("[data-resume]").hidden = forGood;
  form.hidden = !forGood;
};

// A piece that begins elsewhere than the file ends (409) is asked about again; a place that is taken (409) is not.
const worthAnotherTry = (error) => {
  const status = error.originalResponse?.getStatus() ?? 0;
  const elsewhere = status === 409 && error.originalRequest?.getMethod() === "PATCH";
  return status === 0 || elsewhere || status === 423 || status === 429 || (status >= 500 && status !== 507);
};

const send = async (file, device) => {
  const upload = new tus.Upload(file, {
    endpoint: shown.dataset.url,
    headers: { "X-CSRFToken": shown.dataset.token },
    metadata: { filename: file.name, device },
    chunkSize: PIECE,
    retryDelays: PAUSES,
    removeFingerprintOnSuccess: true,
    fingerprint: (one) => Promise.resolve(["seedbed", shown.dataset.url, device, one.name, one.size, one.lastModified].join("|")),
    onShouldRetry: (error) => {
      const again = worthAnotherTry(error);
      if (again) put("[role=status]", shown.dataset.broken);
      return again;
    },
    onError: failed,
    onProgress: (sent, total) => {
      const share = total ? (100 * sent) / total : 100;
      document.getElementById("upload-bar").value = share;
      put(".progress-count", new Intl.NumberFormat(document.documentElement.lang, { style: "percent" }).format(share / 100));
    },
    onChunkComplete: () => put("[role=status]", ""),
    onSuccess: () => location.reload(),
  });
  const [earlier] = await upload.findPreviousUploads();
  if (earlier) upload.resumeFromPreviousUpload(earlier);
  upload.start();
  return upload;
};

form?.addEventListener("submit", async (event) => {
  const [file] = form.elements.file.files;
  if (!file || !window.tus?.isSupported) return;
  event.preventDefault();
  form.hidden = true;
  shown.hidden = false;
  put("[role=status]", "");
  shown.querySelector("[data-pause]").hidden = false;
  shown.querySelector("[data-resume]").hidden = true;
  const upload = await send(file, form.elements.device.value.trim());
  const [pause, resume] = [shown.querySelector("[data-pause]"), shown.querySelector("[data-resume]")];
  pause.onclick = async () => {
    await upload.abort();
    put("[role=status]", shown.dataset.paused);
    [pause.hidden, resume.hidden] = [true, false];
    resume.focus();
  };
  resume.onclick = () => {
    put("[role=status]", "");
    upload.start();
    [pause.hidden, resume.hidden] = [false, true];
    pause.focus();
  };
  window.addEventListener("beforeunload", () => upload.abort());
});
