//! From a module to an image: an executable for each platform, and where the image goes.

use serde_json::{Value, json};
use wasmc_compiler::target::TARGETS;
use wasmc_compiler::{Arch, Artifact, Emit, Options, Target, runtime_object};
use wasmc_image::build::{Executable, Image, build};
use wasmc_image::{Reference, archive};

use crate::args::Format;
use crate::args::image::BuildArgs;
use crate::commands::compile::compile_input;
use crate::commands::image::destination::ImageDestination;
use crate::commands::image::engine::Engine;
use crate::commands::image::materials::materials;
use crate::commands::image::push::{Pushed, push};
use crate::commands::image::settings;
use crate::commands::{baked, in_pool, options};
use crate::input::Input;
use crate::output::{self, Destination};
use crate::report::{Failure, Report};

/// Builds an image and puts it where the command line says.
pub fn execute(args: &BuildArgs, report: &Report) -> Result<(), Failure> {
    let platforms = platforms(args, report)?;
    let module = args.module.as_ref().expect("clap requires a module");
    let mut input = Input::open(module, args.code.plain_http, report)?;
    let settings = settings::settings(args, &mut input)?;
    let engine = args.load.map(Engine::find).transpose()?;
    let elsewhere = engine.is_some() || args.push;
    let destination = ImageDestination::choose(args.output.as_deref(), &input, elsewhere)?;

    let mut executables = Vec::with_capacity(platforms.len());
    for &arch in &platforms {
        let code = code_args(args, arch, &platforms)?;
        let options = options(&code, arch)?
            // Debugging information is made for a symbol table that is there.
            .strip(code.debug.is_none())
            .sealed(!args.unsealed)
            .fuel(args.grants.has_fuel())
            .grants(baked(&code, settings.grants.clone()));
        let artifact = compile(&mut input, &options, args, report)?;
        report.warnings(&artifact.warnings);
        if args.code.time {
            let total = artifact.phases.iter().map(|phase| phase.wall).sum();
            report.phases(&artifact.phases, total);
        }
        executables.push(Executable {
            architecture: architecture(arch),
            bytes: artifact.bytes,
        });
    }
    let sbom = match args.sbom.is_some() || args.push && !args.no_sbom {
        true => {
            let (name, time) = (&settings.spec.name, settings.spec.time);
            Some(materials(name, time, input.module()?, &executables)?)
        }
        false => None,
    };
    let image = build(&settings.spec, executables)?;
    if let Some(destination) = &destination {
        destination.write(
            |out| archive::write_archive(&image, &args.tags, host_architecture(), out),
            |folder| archive::write_layout(&image, &args.tags, folder),
        )?;
    }
    if let (Some(path), Some(sbom)) = (&args.sbom, &sbom) {
        let destination = Destination::named(path.as_os_str(), Emit::Asm)?;
        destination.write(&sbom.bytes, Emit::Asm)?;
    }
    if args.push {
        let root = image.blob(image.index).expect("the image has its index");
        let pushed = Pushed::Blobs([root].into_iter().chain(image.blobs()).collect());
        let sbom = sbom.as_ref().filter(|_| !args.no_sbom);
        for tag in &args.tags {
            push(&pushed, tag, sbom, args.code.plain_http, report)?;
        }
    }
    if let Some(engine) = engine {
        let mut bytes = Vec::new();
        archive::write_archive(&image, &args.tags, host_architecture(), &mut bytes)?;
        engine.load(&bytes, report)?;
    }
    if matches!(destination, Some(ImageDestination::Stdout)) {
        return Ok(());
    }
    output::print(&match args.format {
        Format::Human => format!("{}\n", image.index),
        Format::Json => format!("{:#}\n", to_json(&image, &args.tags)),
    })
}

/// What this wasmc has runtimes for, unless the command line chooses.
fn platforms(args: &BuildArgs, report: &Report) -> Result<Vec<Arch>, Failure> {
    let lacks = |arch: &Arch| runtime_object(*arch).is_none();
    let named = |lacking: bool| -> Vec<_> {
        let archs = TARGETS.iter().map(|row| row.arch);
        let archs = archs.filter(|arch| lacks(arch) == lacking);
        archs
            .map(|arch| format!("linux/{}", architecture(arch)))
            .collect()
    };
    let (available, absent) = (named(false).join(","), named(true).join(","));
    let mut platforms = args.platforms.clone();
    if platforms.is_empty() && !available.is_empty() {
        platforms = TARGETS.iter().map(|row| row.arch).collect();
        platforms.retain(|arch| !lacks(arch));
        if !absent.is_empty() {
            report.note(&format!(
                "the image is for {available} alone: this wasmc has no runtime for {absent} \
                 (`--platform {available}` says that this is meant)"
            ));
        }
    }
    // The order of the index is ours, and a platform that is named twice is meant once.
    let platforms: Vec<_> = TARGETS
        .iter()
        .map(|row| row.arch)
        .filter(|arch| platforms.contains(arch))
        .collect();
    match platforms.iter().find(|arch| lacks(arch)) {
        None if !platforms.is_empty() => Ok(platforms),
        missing => Err(Failure::usage(format!(
            "this wasmc has no runtime for {}",
            missing.map_or(absent.clone(), |arch| format!(
                "linux/{}",
                architecture(*arch)
            ))
        ))
        .hint(match available.as_str() {
            "" => "`wasmc targets` lists what it can make".to_owned(),
            available => format!("pass `--platform {available}` for an image without it"),
        })),
    }
}

/// The name that images have for an architecture.
pub fn architecture(arch: Arch) -> &'static str {
    arch.row().oci
}

/// The architecture that engines without indices get.
pub fn host_architecture() -> &'static str {
    architecture(Target::host().arch)
}

/// The options of one platform: `--cpu` is for the platform that has the level.
fn code_args(
    args: &BuildArgs,
    arch: Arch,
    platforms: &[Arch],
) -> Result<crate::args::CodeArgs, Failure> {
    let mut code = args.code.clone();
    let has = |arch: &Arch| code.cpu.is_none_or(|cpu| arch.row().cpus.contains(&cpu));
    if platforms.iter().any(has) && !has(&arch) {
        code.cpu = None;
    }
    if code.cpu == Some(wasmc_compiler::Cpu::Native) {
        return Err(Failure::usage(
            "an image for this machine's processor alone would fail on others".to_owned(),
        )
        .hint("`wasmc targets` lists the CPU levels"));
    }
    Ok(code)
}

fn compile(
    input: &mut Input,
    options: &Options,
    args: &BuildArgs,
    report: &Report,
) -> Result<Artifact, Failure> {
    let name = options.target.arch.row().name;
    let doing = format!("compiling `{}` for {name}", input.name());
    report.with_progress(&doing, || {
        in_pool(args.code.threads, || compile_input(input, options))
    })?
}

/// The image as `--format json` shows it.
fn to_json(image: &Image, tags: &[Reference]) -> Value {
    let platforms = image.platforms.iter().map(|platform| {
        json!({
            "platform": format!("linux/{}", platform.architecture),
            "manifest": platform.manifest.to_string(),
            "config": platform.config.to_string(),
            "layers": platform.layers.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "bytes": image.download_size(platform),
        })
    });
    json!({
        "digest": image.index.to_string(),
        "tags": tags.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "platforms": platforms.collect::<Vec<_>>(),
    })
}
