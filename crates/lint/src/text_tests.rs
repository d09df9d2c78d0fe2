//! Every rule about the text (PL2xx to PL4xx): what it says, where, its edit, and what it leaves alone.

use plimsoll_contract::{Question, from_dockerfile};
use plimsoll_model::{Diagnostic, Platform, Severity, Source};

use super::*;

/// Files beside the Dockerfile; those whose name begins with `ignored:` are kept out.
struct Beside(&'static [&'static str]);

impl ContextFiles for Beside {
    fn exists(&self, path: &str) -> bool {
        self.0.contains(&path) || self.is_ignored(path)
    }

    fn is_ignored(&self, path: &str) -> bool {
        self.0.iter().any(|file| file.strip_prefix("ignored:") == Some(path))
    }

    fn size(&self, _path: &str) -> u64 {
        1_500_000
    }

    fn ignore_file(&self) -> Option<Source> {
        Some(Source::new(".dockerignore", "*.md"))
    }
}

fn found_beside(text: &str, code: &str, beside: &'static [&'static str]) -> Vec<Diagnostic> {
    found_with(text, code, beside, &Settings::default())
}

fn found_with(
    text: &str,
    code: &str,
    beside: &'static [&'static str],
    settings: &Settings,
) -> Vec<Diagnostic> {
    let parsed = plimsoll_dockerfile::parse(Source::new("Dockerfile", text));
    let amd64 = Platform::parse("linux/amd64").unwrap();
    let question = Question::new(amd64, &|_| None, &|_| None);
    let prediction = from_dockerfile(&parsed.dockerfile, &question).ok();
    let context = Beside(beside);
    let file = File {
        dockerfile: &parsed.dockerfile,
        prediction: prediction.as_ref(),
        context: Some(&context),
        settings,
    };
    file_findings(&file, |rule| rule.code == code)
}

fn found(lines: &str, code: &str) -> Vec<Diagnostic> {
    found_beside(&format!("FROM debian:12\n{lines}\n"), code, &[])
}

/// The only finding, with the text it points at.
#[track_caller]
fn one(lines: &str, code: &str, place: &str) -> Diagnostic {
    only(found(lines, code), lines, place)
}

#[track_caller]
fn only(found: Vec<Diagnostic>, lines: &str, place: &str) -> Diagnostic {
    let [one] = found.as_slice() else { panic!("{lines}\n{found:#?}") };
    let label = one.place().unwrap();
    assert_eq!(label.source.slice(label.span), place, "{lines}");
    one.clone()
}

#[track_caller]
fn quiet(code: &str, fine: &[&str]) {
    for lines in fine {
        let found = found(lines, code);
        assert!(found.is_empty(), "{lines}\n{found:#?}");
    }
}

/// The lines after the edit of the only finding, without the first.
#[track_caller]
fn fixed(lines: &str, code: &str) -> String {
    let found = found(lines, code);
    let [one] = found.as_slice() else { panic!("{lines}\n{found:#?}") };
    let fix = one.fix.as_ref().unwrap_or_else(|| panic!("{code} proposes nothing"));
    let mut text = fix.source.text().to_string();
    for edit in fix.edits.iter().rev() {
        text.replace_range(edit.span.start..edit.span.end, &edit.replacement);
    }
    text.trim_end().split_once('\n').map_or(String::new(), |(_, rest)| rest.to_string())
}

#[test]
fn pl201_pl202_base_images() {
    let of = |text: &str, code: &str| found_beside(text, code, &[]);
    only(of("FROM python\n", "PL201"), "", "python");
    only(of("ARG V=latest\nFROM x.io/a/b:${V}\n", "PL201"), "", "x.io/a/b:${V}");
    for fine in [
        "FROM python:3\n",
        "FROM python@sha256:0000000000000000000000000000000000000000000000000000000000000000\n",
        "FROM scratch\n",
        "FROM python:3 AS a\nFROM a\n",
        "ARG V\nFROM python:3\n",
    ] {
        assert!(of(fine, "PL201").is_empty(), "{fine}");
    }
    only(of("FROM python:3 AS a\nFROM a\n", "PL202"), "", "python:3");
    assert!(of("FROM python\n", "PL202").is_empty());
}

#[test]
fn pl203_pl204_versions_of_packages() {
    let message = one("RUN apt-get install -y curl=1 git vim", "PL203", "git").message;
    assert_eq!(message, "git and 1 more are installed without a version");
    quiet("PL203", &["RUN apk add 'a>1' $X ./b.apk", "RUN yum install -y a-1.2", "RUN pip install a"]);
    one("RUN pip install -r r.txt \\\n  flask gunicorn==1", "PL204", "flask");
    one("RUN go install x.io/y@latest", "PL204", "x.io/y@latest");
    quiet(
        "PL204",
        &[
            "RUN pip install -U pip setuptools && pip install . -r r.txt",
            "RUN npm ci && npm install",
            "RUN go install ./cmd/x && go install x.io/y && go get x.io/y@v1",
            "RUN gem install a -v 1 && cargo install x --version 1",
        ],
    );
}

#[test]
fn pl205_lock_files() {
    let lines = "COPY package*.json ./\nRUN npm install --omit=dev";
    assert!(fixed(lines, "PL205").ends_with("RUN npm ci --omit=dev"));
    let beside = found_beside("FROM a:1\nCOPY . .\nRUN yarn install\n", "PL205", &["yarn.lock"]);
    only(beside, "", "yarn install");
    quiet(
        "PL205",
        &[
            "COPY package.json ./\nRUN npm install",
            "COPY package-lock.json ./\nRUN npm ci && npm install -g x && npm install y",
            "COPY yarn.lock ./\nRUN yarn install --immutable",
            "COPY Gemfile.lock ./\nRUN bundle config set frozen true && bundle install",
        ],
    );
}

#[test]
fn pl206_pl207_downloads() {
    one("RUN curl -fsSL https://x.io | sudo bash -s -- -y", "PL206", "sudo bash -s -- -y");
    one("RUN wget -qO- https://x.io | tee log | sh", "PL206", "sh");
    one("RUN sh -c \"$(curl https://x.io)\"", "PL206", "\"$(curl https://x.io)\"");
    quiet(
        "PL206",
        &["RUN curl x | tar xz", "RUN curl x | python3 -c 'import json'", "RUN curl x -o y && sh y"],
    );
    one("RUN curl -fLo /x https://x.io/x", "PL207", "curl -fLo /x https://x.io/x");
    one("ADD https://x.io/a.tar.gz /", "PL207", "https://x.io/a.tar.gz");
    quiet(
        "PL207",
        &[
            "ADD --checksum=sha256:00 https://x.io/a /",
            "ADD https://github.com/a/b.git#main /",
            "RUN curl -o x https://x && echo '0  x' | sha256sum -c -",
            "RUN v=$(curl -s https://x.io/latest) && echo $v",
        ],
    );
}

#[test]
fn pl208_pl209_checks_turned_off() {
    assert_eq!(fixed("RUN curl -k https://x", "PL208"), "RUN curl https://x");
    one("RUN curl -fsSLk https://x", "PL208", "-fsSLk");
    one("RUN git config --global http.sslVerify false", "PL208", "http.sslVerify");
    one("ENV A=1 NODE_TLS_REJECT_UNAUTHORIZED=0", "PL208", "NODE_TLS_REJECT_UNAUTHORIZED=0");
    one("RUN GIT_SSL_NO_VERIFY=1 git clone x", "PL208", "GIT_SSL_NO_VERIFY=1");
    quiet(
        "PL208",
        &["RUN curl -okey https://x", "RUN git config http.sslVerify true", "ENV GIT_SSL_NO_VERIFY="],
    );
    one("RUN apk add --allow-untrusted x", "PL209", "--allow-untrusted");
    one(
        "RUN echo 'deb [trusted=yes] http://x /' > /etc/apt/sources.list",
        "PL209",
        "'deb [trusted=yes] http://x /'",
    );
    quiet("PL209", &["RUN apk add x", "RUN yum install -y --setopt=gpgcheck=1 x"]);
}

#[test]
fn pl211_pl212_secrets() {
    assert_eq!(one("ENV DB_PASSWORD=hunter2", "PL211", "DB_PASSWORD").severity, Severity::Error);
    assert_eq!(one("ARG NPM_TOKEN", "PL211", "NPM_TOKEN").severity, Severity::Warning);
    one("ENV X=ghp_0123456789", "PL211", "X");
    quiet("PL211", &["ENV DB_PASSWORD= PASSWORD_FILE=/run/x", "ENV PUBLIC_KEY=x KEYBOARD=y"]);
    one("COPY app .npmrc ./", "PL212", ".npmrc");
    one("COPY keys/id_rsa /root/.ssh/", "PL212", "keys/id_rsa");
    quiet("PL212", &["COPY .env.example ./", "COPY --from=a /root/.aws /x", "COPY key monkey.keys /"]);
    let staged = found_beside("FROM a:1 AS b\nCOPY .env /\nFROM a:1\nCOPY --from=b /x /x\n", "PL212", &[]);
    assert_eq!(only(staged, "", ".env").severity, Severity::Info);
}

#[test]
fn pl213_pl214_other_sources() {
    one("COPY --from=ghcr.io/astral-sh/uv /uv /bin/", "PL213", "--from=ghcr.io/astral-sh/uv");
    quiet("PL213", &["COPY --from=x.io/uv:1 /a /b", "COPY --from=0 /a /b", "COPY --from=name /a /b"]);
    one("RUN git clone https://x.io/y && cd y", "PL214", "git clone https://x.io/y");
    quiet("PL214", &["RUN git clone -b v1 https://x", "RUN git clone https://x y && git -C y checkout abc"]);
}

#[test]
fn pl301_order() {
    let lines = "WORKDIR /app\nCOPY . .\nRUN npm ci\nCMD [\"x\"]";
    one(lines, "PL301", "COPY . .");
    assert_eq!(
        fixed(lines, "PL301"),
        "WORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nCMD [\"x\"]"
    );
    quiet(
        "PL301",
        &[
            "COPY package.json ./\nRUN npm ci\nCOPY . .\nRUN npm ci --omit=dev",
            "COPY . .\nRUN npm run build",
            "COPY --from=a . .\nRUN npm ci",
        ],
    );
}

#[test]
fn pl302_pl303_the_context() {
    let of = |text: &str, code: &str, beside| found_beside(&format!("FROM a:1\n{text}\n"), code, beside);
    let found = only(of("COPY . /app", "PL302", &[".git", ".env", "ignored:node_modules"]), "", ".");
    assert_eq!(found.message, ".git, .env goes into the image (3.00MB)");
    let added = |found: &Diagnostic| found.fix.as_ref().map(|fix| fix.edits[0].replacement.clone());
    assert_eq!(added(&found).as_deref(), Some("\n.git\n.env\n"), "behind a last line without its end");
    let spoken = of("COPY . /app\nRUN git describe > /v && . ./.env", "PL302", &[".git", ".env", ".ssh"]);
    assert_eq!(added(&spoken[0]).as_deref(), Some("\n.ssh\n"));
    assert_eq!(added(&of("COPY . /app\nCOPY .env /x", "PL302", &[".env"])[0]), None);
    assert!(of("COPY src /app", "PL302", &[".git"]).is_empty());
    assert!(of("COPY . /app", "PL302", &["ignored:.git"]).is_empty());
    only(of("COPY src ./dist/ /app/", "PL303", &["ignored:dist", "src"]), "", "./dist/");
    assert!(of("COPY --from=x dist /", "PL303", &["ignored:dist"]).is_empty());
}

#[test]
fn pl304_pl305_pl306_the_cache() {
    one("RUN echo \"$(date)\" > /built", "PL304", "date");
    quiet("PL304", &["RUN date -d @$SOURCE_DATE_EPOCH", "RUN openssl dgst x"]);
    let lines = "ARG GIT_SHA\nRUN apt-get install -y curl\nLABEL rev=$GIT_SHA";
    assert_eq!(fixed(lines, "PL305"), "RUN apt-get install -y curl\nARG GIT_SHA\nLABEL rev=$GIT_SHA");
    let indented = "  ARG GIT_SHA\n  RUN apt-get install -y curl\n\tLABEL rev=$GIT_SHA";
    assert_eq!(
        fixed(indented, "PL305"),
        "  RUN apt-get install -y curl\n\tARG GIT_SHA\n\tLABEL rev=$GIT_SHA"
    );
    quiet(
        "PL305",
        &["RUN apt-get install -y x\nARG GIT_SHA\nLABEL a=$GIT_SHA", "ARG X\nRUN apt-get install -y x"],
    );
    let lines = "RUN apt-get update\nRUN apt-get install -y \\\n  curl";
    assert_eq!(fixed(lines, "PL306"), "RUN apt-get update \\\n    && apt-get install -y \\\n  curl");
    quiet("PL306", &["RUN apt-get update && apt-get install -y x", "RUN apk update && apk add x"]);
}

#[test]
fn pl307_pl308_what_layers_hold() {
    one("WORKDIR /app\nCOPY key.pem ./\nRUN use key.pem && rm key.pem", "PL307", "rm key.pem");
    one(
        "RUN apt-get update && apt-get install -y x\nRUN rm -rf /var/lib/apt/lists/*",
        "PL307",
        "rm -rf /var/lib/apt/lists/*",
    );
    quiet("PL307", &["COPY a /a\nRUN rm -rf /b /ab", "RUN touch /a && rm /a", "COPY a /\nRUN rm -rf /etc/x"]);
    let lines = "COPY . /app\nRUN chown -R app:app /app\nUSER app";
    assert_eq!(fixed(lines, "PL308"), "COPY --chown=app:app . /app\nUSER app");
    let indented = "  COPY . /app\n  RUN chown -R app:app /app\n  USER app";
    assert_eq!(fixed(indented, "PL308"), "  COPY --chown=app:app . /app\n  USER app");
    quiet(
        "PL308",
        &[
            "COPY run /\nRUN chmod +x /run",
            "COPY --chown=a . /app\nRUN chown -R a /app",
            "RUN chown -R a /app",
        ],
    );
}

#[test]
fn pl309_pl310_caches_and_recommends() {
    assert_eq!(fixed("RUN apk add curl", "PL309"), "RUN apk add --no-cache curl");
    assert_eq!(fixed("RUN pip install -r r.txt", "PL309"), "RUN pip install --no-cache-dir -r r.txt");
    assert_eq!(
        fixed("RUN apt-get update \\\n && apt-get install -y x", "PL309"),
        "RUN apt-get update \\\n && apt-get install -y x \\\n    && rm -rf /var/lib/apt/lists/*"
    );
    quiet(
        "PL309",
        &[
            "RUN --mount=type=cache,target=/var/lib/apt/lists apt-get update && apt-get install -y x",
            "ENV PIP_NO_CACHE_DIR=1\nRUN pip install x",
            "RUN dnf install -y x && dnf clean all",
            "RUN apt-get update && apt-get install -y x; rm -rf /var/lib/apt/lists/*",
        ],
    );
    assert_eq!(
        fixed("RUN apt-get install -y x", "PL310"),
        "RUN apt-get install --no-install-recommends -y x"
    );
    quiet("PL310", &["RUN apt-get install --no-install-recommends x", "RUN apt-get install ./x.deb"]);
}

#[test]
fn pl311_to_pl315_copies_and_stages() {
    one("COPY --from=x / /", "PL311", "COPY --from=x / /");
    assert!(found_beside("FROM a:1 AS x\nFROM scratch\nCOPY --from=x / /\n", "PL311", &[]).is_empty());
    assert_eq!(fixed("ADD --chown=a app /app", "PL312"), "COPY --chown=a app /app");
    quiet("PL312", &["ADD a.tar.gz /", "ADD https://x /", "ADD *.t* /", "ADD $X /", "ADD --unpack=true a /"]);
    one("RUN apt-get install -y gcc", "PL313", "gcc");
    quiet("PL313", &["RUN apk add gcc && make && apk del gcc", "RUN apk add curl"]);
    only(found_beside("FROM a:1\nRUN x\nFROM b:1\n", "PL314", &[]), "", "FROM a:1");
    assert!(found_beside("FROM a:1 AS dev\nFROM b:1\n", "PL314", &[]).is_empty());
    let lines = "VOLUME /data\nRUN mkdir /data/x\nCMD [\"x\"]";
    assert_eq!(fixed(lines, "PL315"), "RUN mkdir /data/x\nVOLUME /data\nCMD [\"x\"]");
    let indented = "\tVOLUME /data\n  RUN mkdir /data/x\nCMD [\"x\"]";
    assert_eq!(fixed(indented, "PL315"), "  RUN mkdir /data/x\n  VOLUME /data\nCMD [\"x\"]");
    quiet("PL315", &["RUN mkdir /data/x\nVOLUME /data", "VOLUME /data\nRUN mkdir /database"]);
}

#[test]
fn pl316_to_pl319_more_of_layers() {
    one("RUN a\nRUN b", "PL316", "RUN b");
    quiet("PL316", &["RUN a\nENV x=1\nRUN b", "RUN a && b\nRUN c", "RUN --network=none a\nRUN b"]);
    one("RUN curl x | tar x", "PL317", "curl x");
    quiet(
        "PL317",
        &["SHELL [\"bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN curl x | tar x", "RUN echo a | tee b"],
    );
    assert_eq!(fixed("ENV A=1 B=$A/x", "PL318"), "ENV A=1\nENV B=$A/x");
    quiet(
        "PL318",
        &["ENV A=1\nENV A=2 B=$A", "ENV A=1 B=$AB", "ENV PATH=/x:$PATH C=$PATH", "ENV A=1 B='$A'"],
    );
    assert_eq!(
        fixed("RUN useradd -u 1000660000 app", "PL319"),
        "RUN useradd --no-log-init -u 1000660000 app"
    );
    quiet("PL319", &["RUN useradd -l -u 1000660000 app", "RUN useradd -u 1000 app"]);
}

#[test]
fn pl404_to_pl408_rights() {
    let lines = "WORKDIR /app\nUSER node\nCOPY . .\nRUN npm ci";
    assert_eq!(fixed(lines, "PL404"), "WORKDIR /app\nUSER node\nCOPY --chown=node . .\nRUN npm ci");
    one("USER app\nCOPY run /run\nRUN chmod +x /run", "PL404", "COPY run /run");
    quiet(
        "PL404",
        &[
            "WORKDIR /app\nUSER node\nCOPY --chown=node . .\nRUN npm ci",
            "WORKDIR /app\nCOPY . .\nRUN npm ci\nUSER node",
            "USER node\nCOPY . .\nUSER root\nRUN npm ci",
        ],
    );
    assert_eq!(fixed("RUN chmod -R 777 /x", "PL405"), "RUN chmod -R 755 /x");
    one("COPY --chmod=0777 a /", "PL405", "0777");
    quiet("PL405", &["RUN chmod 1777 /x && chmod +x y", "RUN chmod 777 /tmp/x"]);
    one("RUN a && sudo apt-get install b && sudo c", "PL406", "sudo");
    quiet("PL406", &["RUN apt-get install sudo", "RUN echo sudo"]);
    one("RUN chmod u+s /x", "PL407", "u+s");
    one("RUN chmod 4755 /x", "PL407", "4755");
    quiet("PL407", &["RUN chmod g+s /x", "RUN chmod 2775 /x", "RUN chmod 755 /x"]);
    one("RUN echo root:x | chpasswd", "PL408", "chpasswd");
    one("RUN passwd -d root", "PL408", "passwd -d root");
    one("RUN useradd -p secret app", "PL408", "useradd -p secret app");
    quiet("PL408", &["RUN useradd -p '*' app", "RUN passwd -l root"]);
}

#[test]
fn pl409_to_pl412_more_of_rights() {
    one("EXPOSE 80 22", "PL409", "22");
    one("CMD [\"/usr/sbin/sshd\", \"-D\"]", "PL409", "[\"/usr/sbin/sshd\", \"-D\"]");
    quiet("PL409", &["EXPOSE 2222", "RUN apt-get install sshd"]);
    one("VOLUME /data /var/run/docker.sock", "PL410", "/var/run/docker.sock");
    one("VOLUME /etc/", "PL410", "/etc/");
    quiet("PL410", &["VOLUME /var/lib/x"]);
    one("RUN apt-get update && apt-get -y upgrade", "PL411", "apt-get -y upgrade");
    quiet("PL411", &["RUN apk upgrade openssl", "RUN apt-get update"]);
    assert_eq!(fixed("RUN useradd app\nUSER app", "PL412"), "RUN useradd -m app\nUSER app");
    quiet("PL412", &["RUN useradd -m app\nUSER app", "RUN useradd -r app\nUSER app", "RUN useradd app"]);
}

/// What the corpus has no example of; the rest is compared with hadolint's own results.
#[test]
fn hadolints_rules_that_the_corpus_does_not_show() {
    for (code, wrong, fine) in [
        ("DL3001", "RUN service x start", "RUN servicex"),
        (
            "DL3010",
            "COPY a.tar.gz /tmp/\nRUN tar -xf /tmp/a.tar.gz",
            "COPY a.tar.gz /tmp/\nRUN ls /tmp/a.tar.gz",
        ),
        ("DL3011", "EXPOSE 80 70000", "EXPOSE 80-90/udp"),
        ("DL3012", "HEALTHCHECK CMD a\nHEALTHCHECK NONE", "HEALTHCHECK CMD a"),
        ("DL3022", "COPY --from=nothing a b", "COPY --from=x.io/a:1 a b"),
        ("DL3023", "FROM a AS b\nCOPY --from=b c d", "FROM a AS b\nFROM c\nCOPY --from=b c d"),
        ("DL3024", "FROM a AS b\nFROM c AS b", "FROM a AS b\nFROM c AS d"),
        ("DL3028", "RUN gem install a", "RUN gem install a:1 -v 2"),
        ("DL3029", "FROM --platform=linux/arm64 a", "FROM --platform=$BUILDPLATFORM a"),
        ("DL3030", "RUN yum install a", "RUN yum install -y a"),
        ("DL3034", "RUN zypper in a", "RUN zypper -n in a"),
        ("DL3035", "RUN zypper dup", "RUN zypper up"),
        ("DL3038", "RUN microdnf install a", "RUN dnf -y install a"),
        ("DL3046", "RUN useradd -u 123456 a", "RUN useradd -l -u 123456 a"),
        ("DL3065", "FROM --platform=$TARGETPLATFORM a", "FROM --platform=linux/arm64 a"),
        ("DL4005", "RUN ln -sf /bin/bash /bin/sh", "SHELL [\"/bin/bash\", \"-c\"]"),
    ] {
        assert_eq!(found(wrong, code).len(), 1, "{wrong}");
        assert!(found(fine, code).is_empty(), "{fine}");
    }
}

#[test]
fn hadolints_rules_that_propose_an_edit() {
    assert_eq!(fixed("RUN apt-get install \\\n  x", "DL3014"), "RUN apt-get install -y \\\n  x");
    assert_eq!(fixed("RUN dnf install x", "DL3038"), "RUN dnf install -y x");
    assert_eq!(fixed("COPY a b /c", "DL3021"), "COPY a b /c/");
}

/// Lines at which a rule finds something, with these settings.
fn lines_with(text: &str, code: &str, settings: &Settings) -> Vec<usize> {
    let found = found_with(text, code, &[], settings);
    let line = |found: &Diagnostic| found.place().map_or(0, |label| label.source.line(label.span.start));
    found.iter().map(line).collect()
}

/// What hadolint 2.15.1 said of this file with each of these lists.
#[test]
fn dl3026_knows_registries_as_hadolint_does() {
    let text = "FROM scratch\nFROM docker.io/debian:12\nFROM library/debian:12\nFROM debian:12\nFROM localhost/x:1\n\
                FROM QUAY.IO/x:1\nFROM quay.io/x:1\nFROM quay.io/x/y\nFROM a.quay.io/x\n";
    for (allowed, lines) in [
        ("docker.io", &[6, 7, 8, 9][..]),
        ("hub.docker.com", &[2, 6, 7, 8, 9]),
        ("quay.io", &[2, 3, 4, 5, 6, 9]),
        ("*", &[]),
        ("docker.*", &[6, 7, 8, 9]),
        ("*.io", &[6]),
        ("qu*io", &[2, 3, 4, 5, 6, 7, 8, 9]),
        ("quay.io/x", &[2, 3, 4, 5, 6, 7, 8, 9]),
    ] {
        let settings = Settings { allowed_registries: vec![allowed.to_string()], ..Settings::default() };
        assert_eq!(lines_with(text, "DL3026", &settings), lines, "{allowed}");
    }
    let quay = Settings { allowed_registries: vec!["quay.io".to_string()], ..Settings::default() };
    let text = "ARG R=quay.io\nFROM $R/x:1\nFROM ${R}/x:1\nFROM quay.io/$X\nFROM $X\nFROM $X AS b\nFROM b\n";
    assert_eq!(lines_with(text, "DL3026", &quay), [2, 3, 5, 6]);
    assert!(lines_with("FROM debian\n", "DL3026", &Settings::default()).is_empty());
}

#[test]
fn pl210_knows_what_variables_mean() {
    let quay = Settings { allowed_registries: vec!["quay.io".to_string()], ..Settings::default() };
    let text =
        "ARG R=quay.io\nFROM $R/x:1 AS a\nFROM debian:12\nCOPY --from=a /x /\nCOPY --from=ghcr.io/x /x /\n";
    assert_eq!(lines_with(text, "PL210", &quay), [3, 5]);
    assert!(lines_with(text, "PL210", &Settings::default()).is_empty());
}

fn schema(labels: &[(&str, LabelKind)], strict_labels: bool) -> Settings {
    let labels = labels.iter().map(|(label, kind)| (label.to_string(), *kind)).collect();
    Settings { labels, strict_labels, ..Settings::default() }
}

/// The results of hadolint 2.15.1.
#[test]
fn dl3049_a_label_is_missing_in_stages_nobody_completes() {
    let settings = schema(&[("foo", LabelKind::Text)], false);
    for (text, lines) in [
        ("FROM a:1 AS one\nRUN x\nFROM b:1\nLABEL foo=1\n", &[1][..]),
        ("FROM a:1 AS one\nRUN x\nFROM one\nLABEL foo=1\n", &[]),
        ("FROM a:1 AS one\nLABEL foo=1\nFROM one\nRUN x\n", &[]),
        ("FROM a:1 AS one\nRUN x\nFROM one AS two\nRUN x\n", &[1, 3]),
        ("FROM a:1 AS one\nRUN x\nFROM b:1\nCOPY --from=one /x /y\n", &[3]),
        ("FROM a:1 AS one\nONBUILD LABEL foo=1\n", &[1]),
        ("ARG X\nFROM a:1\nLABEL \"foo\"=2\n", &[]),
        ("FROM a:1 AS One\nRUN x\nFROM one\nLABEL foo=1\n", &[1]),
        ("FROM a:1\nRUN x\nFROM 0\nLABEL foo=1\n", &[1]),
        ("FROM a:1 AS A\nRUN x\nFROM A AS B\nRUN x\nFROM B\nLABEL foo=1\n", &[1]),
        ("FROM a:1 AS A\nRUN x\nFROM A AS B\nRUN x\nFROM b:1 AS C\nCOPY --from=B /x /y\n", &[1, 5]),
    ] {
        assert_eq!(lines_with(text, "DL3049", &settings), lines, "{text}");
    }
}

/// The results of hadolint 2.15.1.
#[test]
fn dl3050_to_dl3058_what_labels_say() {
    let strict = schema(&[("a", LabelKind::Text), ("b", LabelKind::Url)], true);
    let text = "FROM a:1\nLABEL a=1 b=\"\" x=1\nONBUILD LABEL y=1 b=foo a=\nLABEL a=\nLABEL \"a\"=\"\" \"b\"=\"http://x y\"\n\
                LABEL b=http://$X\nLABEL b=1 b=2\n";
    assert_eq!(lines_with(text, "DL3050", &strict), [2]);
    assert_eq!(lines_with(text, "DL3051", &strict), [2, 4, 5]);
    assert_eq!(lines_with(text, "DL3052", &strict), [2, 5, 7]);
    assert_eq!(lines_with("FROM a:1\nLABEL x=1\n", "DL3050", &schema(&[], true)), [2]);
    for (code, kind, right, wrong) in [
        ("DL3053", LabelKind::Rfc3339, "2020-01-01T00:00:00Z", "2020-01-01"),
        ("DL3054", LabelKind::Spdx, "MIT", "\"MIT OR Apache-2.0\""),
        ("DL3055", LabelKind::Hash, "abcdef1", "xyz"),
        ("DL3056", LabelKind::Semver, "1.2.3", "v1.2.3"),
        ("DL3058", LabelKind::Email, "a@b.c", "\"A <a@b.c>\""),
    ] {
        let settings = schema(&[("l", kind)], false);
        let text = format!("FROM a:1\nLABEL l={right}\nLABEL l={wrong} m={wrong}\nLABEL l=$X\n");
        assert_eq!(lines_with(&text, code, &settings), [3, 4], "{code}");
    }
}
