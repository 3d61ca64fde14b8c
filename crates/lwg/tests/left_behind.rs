//! Parts of a group that did not hear where the others went: they are found, and numbers grow.

use crate::common::judge::judge;
use crate::common::net::Wish;
use crate::common::town::Town;
use crate::common::{lwg, seat, seats};
use lwg::{Down, GroupId, LwgId, Smallest, Up};
use muts::Duration;

/// A core group that 1 founds for all three.
fn founded(town: &mut Town, number: u32) -> GroupId {
    let core = lwg::SetId::DEFAULT.core(seat(1), number);
    town.ask(seat(1), Down::FoundCore { core, members: seats(&[1, 2, 3]) });
    town.run();
    core
}

/// From now on these processes are on that side, as this core group sees it.
fn side(town: &mut Town, node: u64, side: u64, core: GroupId) {
    town.net.borrow_mut().side.insert(seat(node), side);
    town.net.borrow_mut().regroup(core);
}

fn cores_of(town: &Town, group: LwgId) -> Vec<(GroupId, usize)> {
    let views = (1..=3).filter_map(|node| town.view(seat(node), group));
    views.map(|view| (view.core, view.members.len())).collect()
}

/// The group, where it was and where it goes.
struct Left {
    town: Town,
    group: LwgId,
    home: GroupId,
    to: GroupId,
}

impl Left {
    /// The group is about to go; `before` is done first, while nothing is on either core group.
    fn going(seed: u64, before: impl Fn(&mut Town)) -> Self {
        let mut town = Town::new(seed, &seats(&[1, 2, 3]));
        let (group, home, to) = (lwg(2, 1), founded(&mut town, 1), founded(&mut town, 2));
        before(&mut town);
        let members = seats(&[1, 2, 3]);
        town.create_on(seat(1), home, group, members);
        while town.step() {}
        town.ask(seat(1), Down::Move { lwg: group, to });
        town.steps(seed % 10);
        Self { town, group, home, to }
    }

    /// 3 is cut off from its home. Whether it has heard nothing of the move and is left there.
    fn is_left(&mut self) -> bool {
        side(&mut self.town, 3, 1, self.home);
        self.town.run();
        cores_of(&self.town, self.group) == [(self.to, 2), (self.to, 2), (self.home, 1)]
    }

    /// All meet again and are on one core group within seconds.
    fn meet(&mut self, seed: u64) {
        for node in 1..=3 {
            side(&mut self.town, node, 0, self.home);
        }
        for _ in 0..3 {
            self.town.run();
            self.town.pass(Duration::from_secs(2));
        }
        self.town.run();
        let all = cores_of(&self.town, self.group);
        assert_eq!(all, [(all[0].0, 3); 3], "seed {seed}");
        judge(&self.town.told);
    }
}

/// Whoever is left behind finds the others, whatever was done before the group went and meanwhile.
fn all_meet(before: impl Fn(&mut Town), meanwhile: impl Fn(&mut Town)) {
    let mut left = 0;
    for seed in 0..40 {
        let mut this = Left::going(seed, &before);
        meanwhile(&mut this.town);
        if this.is_left() {
            left += 1;
            this.meet(seed);
        }
    }
    assert!(left > 0);
}

#[test]
fn a_part_that_was_left_behind_takes_in_nobody_who_is_elsewhere() {
    let mut left = 0;
    for seed in 0..40 {
        let mut this = Left::going(seed, |_| {});
        if !this.is_left() {
            continue;
        }
        left += 1;
        // The others give up the old core group in the end: who comes back to it knows nothing.
        for _ in 0..3 {
            this.town.pass(Duration::from_secs(4_000));
            this.town.run();
        }
        side(&mut this.town, 3, 0, this.home);
        this.town.ask(seat(3), Down::Add { lwg: this.group, members: seats(&[1]) });
        this.town.run();
        let home = this.town.net.borrow().at.contains_key(&(this.home, seat(1)));
        assert!(home, "1 is asked in, seed {seed}");
        assert_eq!(cores_of(&this.town, this.group)[0], (this.to, 2), "seed {seed}");
        judge(&this.town.told);
    }
    assert!(left > 0);
}

#[test]
fn whose_part_was_destroyed_finds_higher_numbers_in_another() {
    let mut left = 0;
    for seed in 0..40 {
        let mut this = Left::going(seed, |_| {});
        if !this.is_left() {
            continue;
        }
        left += 1;
        this.town.ask(seat(3), Down::Destroy { lwg: this.group });
        this.town.run();
        assert_eq!(this.town.view(seat(3), this.group), None);
        this.town.ask(seat(1), Down::Add { lwg: this.group, members: seats(&[3]) });
        this.town.run();
        assert_eq!(cores_of(&this.town, this.group), [(this.to, 3); 3], "seed {seed}");
        judge(&this.town.told);
    }
    assert!(left > 0);
}

#[test]
fn a_core_group_from_which_a_group_is_going_is_not_given_up() {
    // No group will be left here: long enough to be given up for that.
    all_meet(|_| {}, |town| town.pass(Duration::from_secs(60)));
}

#[test]
fn a_core_group_is_not_given_up_under_a_group_that_is_going() {
    for seed in 0..40 {
        let mut this = Left::going(seed, |_| {});
        this.town.pass(Duration::from_secs(60));
        while this.town.net.borrow_mut().grant() {}
        this.town.run();
        assert_eq!(cores_of(&this.town, this.group), [(this.to, 3); 3], "seed {seed}");
        judge(&this.town.told);
    }
}

#[test]
fn a_core_group_given_up_before_a_view_is_not_given_up_after_it() {
    // It is asked for while nothing is there, and takes its time.
    all_meet(|town| town.pass(Duration::from_secs(60)), |_| {});
}

#[test]
fn who_is_told_later_where_a_group_went_keeps_its_core_group_too() {
    let mut left = 0;
    for seed in 0..40 {
        // 4, in no group, was apart when the others left.
        let mut this = Left::going(seed, |town| {
            town.start(seat(4), Smallest::default());
            let (group, members) = (lwg::SetId::DEFAULT.core(seat(1), 1), vec![seat(4).proc]);
            town.net.borrow_mut().wishes.push(Wish::Invite(seat(1), group, members));
            town.run();
            side(town, 4, 4, group);
            town.run();
        });
        if !this.is_left() {
            continue;
        }
        left += 1;
        side(&mut this.town, 4, 0, this.home);
        for _ in 0..3 {
            this.town.pass(Duration::from_secs(60));
            this.town.run();
        }
        this.meet(seed);
    }
    assert!(left > 0);
}

#[test]
fn who_comes_after_the_others_has_a_view_of_its_own_in_between() {
    let (mut late, all) = (0, 200);
    for seed in 0..all {
        let mut this = Left::going(seed, |_| {});
        this.town.steps(seed % 30);
        // 3 does not come along to where the group goes, and is there before it says so.
        side(&mut this.town, 3, 1, this.to);
        this.town.steps(seed % 17);
        side(&mut this.town, 3, 0, this.to);
        this.town.run();
        let views =
            |node| this.town.told[&seat(node)].iter().filter(|up| matches!(up, Up::View(_)));
        late += u64::from(views(1).count() == views(3).count() && views(3).count() == 3);
        this.meet(seed);
    }
    assert!((5..all).contains(&late), "{late} of {all}");
}

/// 1 is added by the part that moved while that learns of the part left behind: 1, the lowest of
/// them then, has learnt of it as one that is in neither.
#[test]
fn who_is_added_while_parts_meet_does_not_keep_them_apart() {
    let mut left = 0;
    for seed in 0..200 {
        let mut town = Town::new(seed, &seats(&[1, 2, 3]));
        let (group, home, to) = (lwg(2, 1), founded(&mut town, 1), founded(&mut town, 2));
        let members = seats(&[2, 3]);
        town.create_on(seat(2), home, group, members);
        while town.step() {}
        town.ask(seat(2), Down::Move { lwg: group, to });
        town.steps(seed % 10);
        side(&mut town, 3, 1, home);
        town.run();
        if cores_of(&town, group) != [(to, 1), (home, 1)] {
            continue;
        }
        left += 1;
        town.ask(seat(2), Down::Add { lwg: group, members: seats(&[1]) });
        town.steps(seed / 10);
        side(&mut town, 3, 0, home);
        for _ in 0..6 {
            town.run();
            town.pass(Duration::from_secs(2));
        }
        town.run();
        let all = cores_of(&town, group);
        assert_eq!(all, [(all[0].0, 3); 3], "seed {seed}");
        judge(&town.told);
    }
    assert!(left > 0);
}
