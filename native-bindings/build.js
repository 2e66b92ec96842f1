console.log("native: not built yet");
