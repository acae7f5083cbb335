// electron-updater as an AppImage runs it, with Node's HTTP where Electron's would be.
// node _updater.cjs FOLDER-OF-MODULES FEED RUNNING-VERSION WORK-FOLDER: prints what it found as JSON.
const fs = require("fs");
const http = require("http");
const path = require("path");

const [modules, feed, running, work] = process.argv.slice(2);
const { AppImageUpdater } = require(path.join(modules, "electron-updater/out/AppImageUpdater"));
const { HttpExecutor, configureRequestOptions, configureRequestUrl } = require(path.join(modules, "builder-util-runtime"));

class NodeHttp extends HttpExecutor {
  createRequest(options, callback) {
    return http.request(options, callback);
  }
  download(url, destination, options) {
    return options.cancellationToken.createPromise((resolve, reject, onCancel) => {
      const request = { headers: options.headers || undefined };
      configureRequestUrl(url, request);
      configureRequestOptions(request);
      const callback = (error) => (error == null ? resolve(destination) : reject(error));
      this.doDownload(request, { destination, options, onCancel, callback, responseHandler: null }, 0);
    });
  }
}

const app = {
  version: running,
  name: "orange",
  isPackaged: true,
  appUpdateConfigPath: path.join(work, "app-update.yml"),
  userDataPath: work,
  baseCachePath: work,
  whenReady: () => Promise.resolve(),
  onQuit: () => {},
  quit: () => {},
  relaunch: () => {},
};

async function main() {
  process.env.APPIMAGE = path.join(work, "orange.AppImage");
  fs.writeFileSync(app.appUpdateConfigPath, "provider: generic\nupdaterCacheDirName: orange\n");
  const updater = new AppImageUpdater(null, app);
  updater.httpExecutor = new NodeHttp();
  updater.setFeedURL({ provider: "generic", url: feed });
  updater.logger = null;
  updater.autoDownload = false;
  updater.disableDifferentialDownload = true;
  const found = await updater.checkForUpdates();
  const files = found.isUpdateAvailable ? await updater.downloadUpdate() : [];
  console.log(JSON.stringify({ available: found.isUpdateAvailable, version: found.updateInfo.version, files }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
